# Debian's own kernels, with nothing but kvm.ko rebuilt.  D/VERSION holds what was
# downloaded (deb), unpacked (root), rebuilt without and with patches (same.ko,
# fixed.ko), and what boots: "shipped" and "rebuilt" are the same but for kvm.ko.
D	:= $(B)/distro
DISTROS := $(shell sed '/^\#/d; s/\t.*//' distros)

#: make distro		Debian's own kernels, as shipped and with a rebuilt kvm.ko
#: make distro-6.1		one of them, a line of the file "distros"
#: make stable LINUX=/path	which patches, or backports of them, fit your tree

line	= $(shell grep -P '^$(subst .,\.,$(1))\t' distros | cut -f $(2))

$(DISTROS:%=$(D)/%/root/cc): $(D)/%/root/cc: | need
	scripts/step "getting Debian's linux $*" $(D)/$*/log/get.log \
		scripts/distro-get $* $(D)/$* $(call line,$*,2)
	du -sm $(D)/$*/deb $(D)/$*/root | sed -E 's,^([0-9]+).*/(.*),  \1 MB in distro/$*/\2,'
	touch $@

$(DISTROS:%=$(D)/%/same.ko): $(D)/%/same.ko: $(D)/%/root/cc
	scripts/step "building kvm.ko of $* as it is" $(D)/$*/log/same.log \
		scripts/distro-build $(<D) $@
	shipped=$$(echo $(D)/$*/root/lib/modules/*/kernel/arch/x86/kvm/kvm.ko)
	scripts/distro-same $$shipped $@ > $@.txt

$(DISTROS:%=$(D)/%/fixed.ko): $(D)/%/fixed.ko: $(D)/%/same.ko $(PATCHES) \
		$(wildcard stable/*/*.patch)
	patches=$$(scripts/stable -q $(D)/$*/root/source $* series stable)
	scripts/step "building kvm.ko of $* with the patches" $(D)/$*/log/fixed.log \
		scripts/distro-build $(D)/$*/root $@ $$patches

# The test of the series, linked with what lets it run on old kernels.
$(D)/ioapic_eoi_clamp_test: initramfs/oldkvm.c $(K)/kselftest.built
	cd $(T)/.obj/kselftest/kvm
	gcc -static -pthread -Wl,--wrap=ioctl,--wrap=atoi_paranoid,--wrap=fopen -O2 -Wall \
		-isystem $(T)/.obj/usr/include -o $@ $(abspath $<) x86/ioapic_eoi_clamp_test.o \
		$$(find lib -name '*.o') libvfio/libvfio.o

$(DISTROS:%=$(D)/%.initrds): $(D)/%.initrds: $(D)/%/fixed.ko $(D)/ioapic_eoi_clamp_test \
		initramfs/init initramfs/distro scripts/distro-initrd
	scripts/distro-initrd $(D)/$* $(D)/ioapic_eoi_clamp_test $(T)/$(KSFT)/kvm/x86/test_modules
	touch $@

distro: $(DISTROS:%=$(D)/%.initrds)
	scripts/distro-run $(D) distros $(DISTROS)

distro-%: $(D)/%.initrds
	scripts/distro-run $(D) distros $*

stable:
	scripts/stable "$(LINUX)" "" series stable

.PHONY: distro stable
