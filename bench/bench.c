// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a KVM_RUN takes, in cycles of the TSC, which counts instructions if QEMU's TCG
 * is told so.  Usage: bench NAME, prints a line "bench: NAME APIC PATH MIN MEDIAN" each.
 */
#include <signal.h>

#include "guest.h"

#define NR_RUNS	1001

/* Level-triggered and routed, i.e. of the kind whose EOI exits, and neither. */
#define ROUTED		0x61
#define UNROUTED	0x62

/* How a KVM_RUN ends: with one of these, or the port of the guest's I/O. */
#define INTERRUPTED	0
#define EOI		1
#define AFTER_EOI	0x82

static bool is_x2apic;

static void guest_irq_handler(struct ex_regs *regs)
{
	exit_from(IN_HANDLER);
	/* Not by lapic_write_reg(), whose RDMSR would be counted. */
	if (is_x2apic)
		wrmsr(APIC_BASE_MSR + (APIC_EOI >> 4), 0);
	else
		xapic_write_reg(APIC_EOI, 0);
	exit_from(AFTER_EOI);
}

static u64 took;

static int run(void)
{
	u64 begin = rdtsc();
	int r = ioctl(vcpu->fd, KVM_RUN, NULL);

	took = rdtsc() - begin;
	if (r) {
		TEST_ASSERT_EQ(errno, EINTR);
		return INTERRUPTED;
	}
	if (vcpu->run->exit_reason == KVM_EXIT_IOAPIC_EOI)
		return EOI;
	TEST_ASSERT_EQ(vcpu->run->exit_reason, KVM_EXIT_IO);
	return vcpu->run->io.port;
}

/* Once in thousands of IRQs, QEMU 7.2 repeats one, whose EOI then is none: try again. */
static u64 run_eoi(u32 data, int wanted)
{
	int event;
	u64 t;

	do {
		TEST_ASSERT_EQ(kvm_signal_msi(vm, APIC_DEFAULT_GPA, data), 1);
		while (run() != IN_HANDLER)
			;
		event = run();
		t = took;
		while (run() != IN_MAIN)
			;
	} while (event != wanted);
	return t;
}

static u64 eoi_exit(void)
{
	return run_eoi(MSI_LEVEL | ROUTED, EOI);
}

/* From PIO to PIO, as pio(), with an EOI in between. */
static u64 eoi_no_exit(void)
{
	return run_eoi(UNROUTED, AFTER_EOI);
}

static u64 pio(void)
{
	TEST_ASSERT_EQ(run(), IN_MAIN);
	return took;
}

static u64 immediate_exit(void)
{
	vcpu->run->immediate_exit = true;
	TEST_ASSERT_EQ(run(), INTERRUPTED);
	vcpu->run->immediate_exit = false;
	return took;
}

/* A signal that is pending, and blocked but for KVM_RUN. */
static u64 signal_pending(void)
{
	static struct {
		struct kvm_signal_mask mask;
		u64 set;
	} none = { { sizeof(none.set) } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, &none);
	TEST_ASSERT_EQ(run(), INTERRUPTED);
	ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, NULL);
	return took;
}

static int compare(const void *a, const void *b)
{
	return *(u64 *)a < *(u64 *)b ? -1 : *(u64 *)a > *(u64 *)b;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		u64 (*run)(void);
	} paths[] = {
		{ "eoi_exit", eoi_exit },
		{ "eoi_no_exit", eoi_no_exit },
		{ "pio", pio },
		{ "immediate_exit", immediate_exit },
		{ "signal", signal_pending },
	};
	static u64 runs[NR_RUNS];
	struct {
		struct kvm_irq_routing table;
		struct kvm_irq_routing_entry entry;
	} route = {
		.table.nr = 1,
		.entry.type = KVM_IRQ_ROUTING_MSI,
		.entry.u.msi = { .address_lo = APIC_DEFAULT_GPA, .data = MSI_LEVEL | ROUTED },
	};
	int i, j;

	for (int x2apic = 0; x2apic < 2; x2apic++) {
		create_vm();
		if (x2apic)
			vcpu_set_msr(vcpu, MSR_IA32_APICBASE, APIC_DEFAULT_GPA |
				     MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE);
		is_x2apic = x2apic;
		sync_global_to_guest(vm, is_x2apic);
		vm_install_exception_handler(vm, ROUTED, guest_irq_handler);
		vm_install_exception_handler(vm, UNROUTED, guest_irq_handler);
		vm_ioctl(vm, KVM_SET_GSI_ROUTING, &route.table);
		while (run() != IN_MAIN)
			;

		for (i = 0; i < ARRAY_SIZE(paths); i++) {
			for (j = 0; j < NR_RUNS; j++)
				runs[j] = paths[i].run();
			qsort(runs, NR_RUNS, sizeof(*runs), compare);
			printf("bench: %s %s %s %lu %lu\n", argv[1], x2apic ? "x2apic" : "xapic",
			       paths[i].name, runs[0], runs[NR_RUNS / 2]);
		}
		kvm_vm_free(vm);
	}
	return 0;
}
