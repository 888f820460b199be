// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a bad vector does.  Usage: inject VECTOR ROUTED, where ROUTED is 1 if the vectors
 * 0 and 255 are to be routed, level-triggered.  Prints, separated by tabs, "outcome:", how
 * often the host WARNed, how KVM_RUN returned to userspace, and how the guest goes on.
 */
#include <fcntl.h>

#include "guest.h"

#define VECTOR		0x61

static void guest_irq_handler(struct ex_regs *regs)
{
	exit_from(IN_HANDLER);
	xapic_write_reg(APIC_EOI, 0);
}

/* Returns how KVM_RUN ended, "main" and "handler" being what the guest does anyway. */
static const char *run(void)
{
	static char event[64];
	int r = ioctl(vcpu->fd, KVM_RUN, NULL);

	if (r)
		return strcat(strcpy(event, "-"), strerrorname_np(errno));
	if (vcpu->run->exit_reason == KVM_EXIT_IO)
		return vcpu->run->io.port == IN_HANDLER ? "handler" : "main";
	if (vcpu->run->exit_reason == KVM_EXIT_IOAPIC_EOI)
		sprintf(event, "exit for vector %d", vcpu->run->eoi.vector);
	else
		sprintf(event, "exit %d", vcpu->run->exit_reason);
	return event;
}

static void expect(const char *what)
{
	const char *event = run();

	if (!strcmp(event, what))
		return;
	printf("next KVM_RUN: %s\n", event);
	exit(0);
}

static int nr_warnings(void)
{
	FILE *f = fopen("/sys/kernel/warn_count", "r");
	int nr;

	TEST_ASSERT(f && fscanf(f, "%d", &nr) == 1, "can't count WARNINGs");
	fclose(f);
	return nr;
}

int main(int argc, char *argv[])
{
	int i, vector = atoi(argv[1]), routed = atoi(argv[2]);
	static const u8 vectors[] = { VECTOR, 0, 255 };
	struct {
		struct kvm_irq_routing table;
		struct kvm_irq_routing_entry entries[ARRAY_SIZE(vectors)];
	} routes = { .table.nr = routed ? ARRAY_SIZE(vectors) : 1 };
	struct kvm_msi msi = { .address_lo = APIC_DEFAULT_GPA, .data = MSI_LEVEL | VECTOR };
	const char *event;
	int before, fd = open("/dev/kvm_ioapic_eoi_inject", O_RDWR);

	create_vm();
	vm_install_exception_handler(vm, VECTOR, guest_irq_handler);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		routes.entries[i] = (struct kvm_irq_routing_entry) {
			.gsi = i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi.address_lo = APIC_DEFAULT_GPA,
			.u.msi.data = MSI_LEVEL | vectors[i],
		};
	}
	vm_ioctl(vm, KVM_SET_GSI_ROUTING, &routes.table);
	while (strcmp(run(), "main"))
		;

	before = nr_warnings();
	TEST_ASSERT_EQ(write(fd, &vector, sizeof(vector)), sizeof(vector));
	event = run();
	TEST_ASSERT(pread(fd, &i, sizeof(i), 0) == sizeof(i) && i == 1, "not injected");
	printf("outcome:\t%d\t%s\t", nr_warnings() - before,
	       strcmp(event, "main") ? event : "no exit");

	/* Does the next IRQ work, up to its EOI? */
	if (__vm_ioctl(vm, KVM_SIGNAL_MSI, &msi) != 1) {
		printf("KVM_SIGNAL_MSI: -%s\n", strerrorname_np(errno));
		return 0;
	}
	expect("handler");
	expect("exit for vector 97");
	expect("main");
	printf("goes on\n");
	return 0;
}
