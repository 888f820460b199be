// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test-only: let KVM use APICv on Bochs 2.7.  Load it before kvm_intel.
 *
 * Bochs' corei7_haswell_4770 has virtual-interrupt delivery, but not posted
 * interrupts, without which KVM turns APICv off.  Make KVM believe in posted
 * interrupts, but keep them out of the VMCS: notifications then are plain IPIs,
 * i.e. external-interrupt VM-Exits, and KVM moves the PIR to the IRR on entry.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/vmx.h>

static unsigned int repairs;
module_param(repairs, uint, 0400);
MODULE_PARM_DESC(repairs, "Number of vectors that were corrected so far");

static unsigned long vmcs_read(unsigned long field)
{
	unsigned long value = 0;

	asm volatile("vmread %1, %0" : "+r" (value) : "r" (field) : "cc");
	return value;
}

/*
 * Bochs has no posted interrupts: BX_VMX_POSTED_INSTERRUPTS is "not implemented
 * yet", and not in get_vmx_extensions_bitmask() of the CPU model, in
 * cpu/cpudb/intel/corei7_haswell_4770.cc.  Add what IA32_VMX_PINBASED_CTLS lacks.
 */
static int controls_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	u32 **result = (u32 **)ri->data;

	if (regs_get_kernel_argument(regs, 2) != MSR_IA32_VMX_PINBASED_CTLS)
		return 1;
	*result = (u32 *)regs_get_kernel_argument(regs, 3);
	return 0;
}

static int controls_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!regs_return_value(regs))
		**(u32 **)ri->data |= PIN_BASED_POSTED_INTR;
	return 0;
}

/*
 * VM-Entry fails with a control that the CPU doesn't have, as it must, see
 * VMenterLoadCheckVmControls() in cpu/vmx.cc.  Keep the bit out of the VMCS.
 */
static int pin_ctrl_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, regs_return_value(regs) & ~PIN_BASED_POSTED_INTR);
	return 0;
}

/*
 * A bug in Bochs: VMX_Deliver_Virtual_Interrupt() in cpu/vapic.cc doesn't record
 * the event for IDT-vectoring info, like VMexit_Event() in cpu/vmexit.cc does.
 * If the delivery causes a VM-Exit, e.g. an EPT violation on the IDT, KVM gets a
 * stale vector.  Take SVI, the vector that went in service before its delivery.
 * Leave alone what KVM takes back from the VM-Entry fields of a canceled entry.
 */
static int complete_interrupts(struct kprobe *kp, struct pt_regs *regs)
{
	u32 info = regs_get_kernel_argument(regs, 1);
	u8 svi;

	if (!(vmcs_read(SECONDARY_VM_EXEC_CONTROL) & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY) ||
	    regs_get_kernel_argument(regs, 2) != VM_EXIT_INSTRUCTION_LEN ||
	    !(info & VECTORING_INFO_VALID_MASK) ||
	    (info & VECTORING_INFO_TYPE_MASK) != INTR_TYPE_EXT_INTR)
		return 0;

	svi = vmcs_read(GUEST_INTR_STATUS) >> 8;
	if (!svi || svi == (info & VECTORING_INFO_VECTOR_MASK))
		return 0;

	regs->si = (info & ~VECTORING_INFO_VECTOR_MASK) | svi;
	WRITE_ONCE(repairs, repairs + 1);
	return 0;
}

/*
 * The VMCS lacks the fields of posted interrupts, see vmcs_field_supported() in
 * cpu/vmcs.cc.  Do nothing instead of complaining that VMWRITE failed.
 */
static void do_nothing(void)
{
}

static int vmwrite_failed(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned long field = regs_get_kernel_argument(regs, 0);

	if (field != POSTED_INTR_NV && field != POSTED_INTR_DESC_ADDR)
		return 0;

	instruction_pointer_set(regs, (unsigned long)do_nothing);
	return 1;
}

/* A kprobe with a post handler isn't optimized, i.e. may change the IP. */
static void not_optimized(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

/* Those without a handler are plain kprobes. */
static struct kretprobe probes[] = {
	{ .kp.symbol_name = "adjust_vmx_controls", .entry_handler = controls_entry,
	  .handler = controls_return, .data_size = sizeof(u32 *) },
	{ .kp.symbol_name = "vmx_pin_based_exec_ctrl", .handler = pin_ctrl_return },
	{ .kp.symbol_name = "__vmx_complete_interrupts", .kp.pre_handler = complete_interrupts },
	{ .kp.symbol_name = "vmwrite_error", .kp.pre_handler = vmwrite_failed,
	  .kp.post_handler = not_optimized },
};

/* All or none: APICv must stay off if any of the symbols can't be probed. */
static int kvm_intel_coming(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *mod = data;
	int i, r;

	if (state != MODULE_STATE_COMING || strcmp(mod->name, "kvm_intel"))
		return NOTIFY_DONE;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		struct kretprobe *rp = &probes[i];

		r = rp->handler ? register_kretprobe(rp) : register_kprobe(&rp->kp);
		if (!r)
			continue;

		pr_err("can't probe %s() (%d), no APICv\n", rp->kp.symbol_name, r);
		while (i--)
			disable_kprobe(&probes[i].kp);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call = kvm_intel_coming,
};

/*
 * Bochs has no CPUID leaf of its own, but this combination gives it away.  No
 * CPU has virtual-interrupt delivery without posted interrupts, and hypervisors
 * that offer that set the hypervisor bit.  0x2b is Bochs' VMCS revision ID.
 */
static int __init bochs_apicv_init(void)
{
	u32 revision = 0, pin_based = 0, secondary = 0, unused;

	if (boot_cpu_has(X86_FEATURE_VMX) && !boot_cpu_has(X86_FEATURE_HYPERVISOR)) {
		rdmsr(MSR_IA32_VMX_BASIC, revision, unused);
		rdmsr(MSR_IA32_VMX_PINBASED_CTLS, unused, pin_based);
		rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2, unused, secondary);
	}
	if (revision != 0x2b || (pin_based & PIN_BASED_POSTED_INTR) ||
	    !(secondary & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)) {
		pr_err("this is not a Bochs that needs this module\n");
		return -ENODEV;
	}
	return register_module_notifier(&module_nb);
}
module_init(bochs_apicv_init);

MODULE_INFO(test, "Y");
MODULE_DESCRIPTION("Let KVM use APICv on Bochs");
MODULE_LICENSE("GPL");
