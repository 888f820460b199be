// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let selftests of today run on KVMs of yesterday: linked between a test and libc
 * with -Wl,--wrap=ioctl,--wrap=atoi_paranoid,--wrap=fopen.  None of this is what is
 * tested.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

int __real_ioctl(int fd, unsigned long cmd, ...);
int __real_atoi_paranoid(const char *str);

/* MSRs that the kernel lists, but can't get: 5.10 lists some of Intel's on AMD. */
static __u32 missing[64];
static int nr_missing;

static bool is_missing(unsigned long cmd, __u32 index)
{
	int i;

	for (i = 0; i < nr_missing; i++) {
		if (missing[i] == index)
			return true;
	}
	if (cmd == KVM_SET_MSRS || nr_missing == 64)
		return false;

	missing[nr_missing++] = index;
	return true;
}

/* Leave those out.  What comes after one needs a header: its data has the room. */
static int do_msrs(int fd, unsigned long cmd, struct kvm_msrs *msrs)
{
	int r = __real_ioctl(fd, cmd, msrs), nr = msrs->nmsrs, done = r + 1;
	struct kvm_msrs *rest;

	if (r < 0 || r >= nr || !is_missing(cmd, msrs->entries[r].index))
		return r;

	rest = (void *)&msrs->entries[r].data;
	rest->nmsrs = nr - done;
	rest->pad = 0;
	r = rest->nmsrs ? do_msrs(fd, cmd, rest) : 0;
	msrs->entries[done - 1].data = 0;
	return r < 0 ? r : done + r;
}

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	va_list ap;
	void *arg;
	int r;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);

	if (cmd == KVM_GET_MSRS || cmd == KVM_SET_MSRS)
		return do_msrs(fd, cmd, arg);

	r = __real_ioctl(fd, cmd, arg);

	/* Before 6.8, a superset of KVM_SET_USER_MEMORY_REGION. */
	if (cmd == KVM_CHECK_EXTENSION && arg == (void *)KVM_CAP_USER_MEMORY2 && !r)
		return 1;
	if (cmd == KVM_SET_USER_MEMORY_REGION2 && r < 0 && errno == ENOTTY)
		return __real_ioctl(fd, KVM_SET_USER_MEMORY_REGION, arg);

	/* On 5.10 only for vCPUs.  What boot has as tsc_early_khz= will do. */
	if (cmd == KVM_GET_TSC_KHZ && r < 0 && (errno == ENOTTY || errno == EINVAL))
		return 1000000;
	return r;
}

FILE *__real_fopen(const char *path, const char *mode);

/* Before 6.2, there is no count of WARNINGs. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
	FILE *f = __real_fopen(path, mode);

	if (!f && !strcmp(path, "/sys/kernel/warn_count"))
		return popen("dmesg | grep -c 'WARNING: '", "r");
	return f;
}

/* Before 6.2, the module parameter force_emulation_prefix was a bool. */
int __wrap_atoi_paranoid(const char *str)
{
	if (!strcmp(str, "Y") || !strcmp(str, "N"))
		return *str == 'Y';
	return __real_atoi_paranoid(str);
}
