/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM with a split IRQ chip, and a guest that exits to userspace in an endless loop. */
#include "apic.h"
#include "kvm_util.h"
#include "processor.h"

#define MSI_LEVEL	BIT(15)

/* The ports of the guest's I/O. */
#define IN_MAIN		0x80
#define IN_HANDLER	0x81

#define exit_from(port)	asm volatile("outb %%al, %0" :: "i"(port) : "memory")

static struct kvm_vm *vm;
static struct kvm_vcpu *vcpu;

static void guest_code(void)
{
	lapic_write_reg(APIC_SPIV, APIC_SPIV_APIC_ENABLED | 0xff);
	sti();
	for (;;)
		exit_from(IN_MAIN);
}

static void create_vm(void)
{
	struct vm_shape shape = VM_SHAPE_DEFAULT;

	shape.split_irqchip = true;
	vm = __vm_create(shape, 1, 0);
	virt_pg_map(vm, APIC_DEFAULT_GPA, APIC_DEFAULT_GPA);
	vcpu = vm_vcpu_add(vm, 0, guest_code);
}
