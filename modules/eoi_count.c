// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test-only: count the EOIs of guests that KVM gets to see, by EOI-induced
 * VM-Exits, where the CPU did the EOI, and by writes that KVM emulates.  Of the
 * latter, "unexpected" ones are with APICv on, i.e. not due to an APICv inhibit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <asm/apicdef.h>
#include <asm/asm.h>
#include <asm/special_insns.h>
#include <asm/vmx.h>

static atomic_t induced, emulated, unexpected;
module_param_named(induced, induced.counter, int, 0444);
module_param_named(emulated, emulated.counter, int, 0444);
module_param_named(unexpected, unexpected.counter, int, 0444);

/* A vCPU's VMCS is current during all of its KVM_RUN. */
static bool is_vmx_apicv_on(void)
{
	unsigned long controls = 0;

	if (__read_cr4() & X86_CR4_VMXE)
		asm volatile("1: vmread %1, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
			     : "+r" (controls)
			     : "r" ((unsigned long)SECONDARY_VM_EXEC_CONTROL)
			     : "cc");
	return controls & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;
}

/* KUnit's tests call both functions too, from kernel threads. */
static int count_induced(struct kprobe *kp, struct pt_regs *regs)
{
	if (!(current->flags & PF_KTHREAD))
		atomic_inc(&induced);
	return 0;
}

static int count_emulated(struct kprobe *kp, struct pt_regs *regs)
{
	if ((current->flags & PF_KTHREAD) ||
	    (u32)regs_get_kernel_argument(regs, 1) != APIC_EOI)
		return 0;

	atomic_inc(&emulated);
	if (is_vmx_apicv_on())
		atomic_inc(&unexpected);
	return 0;
}

/*
 * Not apic_set_eoi(), which gcc may inline or make apic_set_eoi.isra.0.  Of these
 * the one has callers in another module, the other has many.
 */
static struct kprobe induced_probe = {
	.symbol_name	= "kvm_apic_set_eoi_accelerated",
	.pre_handler	= count_induced,
};

static struct kprobe emulated_probe = {
	.symbol_name	= "kvm_lapic_reg_write",
	.pre_handler	= count_emulated,
};

static int __init eoi_count_init(void)
{
	struct kprobe *probes[] = { &induced_probe, &emulated_probe };
	int r = register_kprobes(probes, ARRAY_SIZE(probes));

	if (r)
		pr_err("can't probe %s() or %s() (%d)\n", induced_probe.symbol_name,
		       emulated_probe.symbol_name, r);
	return r;
}

static void __exit eoi_count_exit(void)
{
	struct kprobe *probes[] = { &induced_probe, &emulated_probe };

	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(eoi_count_init);
module_exit(eoi_count_exit);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Count EOI-induced VM-Exits and emulated EOIs");
MODULE_LICENSE("GPL");
