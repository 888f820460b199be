# Build, boot and judge KVM with and without the patches in series/.
# The rules are in the order in which the data flows.  `make help` lists the goals.

SHELL	:= /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR .ONESHELL .SILENT .SUFFIXES:
MAKEFLAGS += --no-builtin-rules

BUILD	?= build
KERNEL	?= 7.3
PLATFORMS ?= $(shell scripts/kvm-works > /dev/null || no=^host; sed -E "/^\#|$${no:-^\#}/d" platforms | cut -f 1)
ifdef LINUX
KERNEL	:= local-$(notdir $(abspath $(LINUX)))
endif
ifeq ($(origin CC),default)
CC	:= $(if $(shell command -v ccache),ccache )gcc
endif

# Everything about one kernel is in one directory: the source as it came (stock),
# the git tree with the patches (patched), each with its objects in .obj.
B	:= $(abspath $(BUILD))
K	:= $(B)/$(KERNEL)
PATCHES	:= $(sort $(wildcard series/*.patch))
KSFT	:= tools/testing/selftests
step	= scripts/step "$(1)" $(K)/log/$(2).log

# LOCALVERSION= keeps the state of git, and the fixed date the time, out of the
# kernel's version, so that stock's objects can serve patched.
export KBUILD_BUILD_TIMESTAMP := 1970-01-01
kbuild	= $(MAKE) -C $(1) O=.obj CC="$(CC)" LOCALVERSION= -j$$(($$(nproc) + 1))
config	= $(call kbuild,$(1)) -s KCONFIG_ALLCONFIG=$(abspath config/base) allnoconfig > /dev/null

# What is set on the command line is for this Makefile, not for the kernel's.
MAKEOVERRIDES :=
export CC
help:
	sed -n 's/^#: //p' Makefile

#: make demo		stock and patched kernel, with bad vectors: one dies, one lives
#: make check		all tests, as KTAP
#: make kunit		the KUnit tests, by kunit.py
#: make kunit-debug	the same with KASAN, UBSAN, lockdep, ...
#: make hw-check		the selftest on this machine's own kernel
#: make tree		a git tree with the patches as commits
#: make series		write the tree's commits back to series/
#: make need		check for the tools needed, install them where possible
#: make clean		remove what was built, but not the sources
#: make distclean	remove everything that was made
#: make help		this list
#:
#: KERNEL=7.3		which kernel, a line of the file "kernels"
#: LINUX=/path		your own kernel tree instead, it is only read
#: PLATFORMS="svm vmx"	which machines, lines of the file "platforms"
#: BUILD=/path		where everything that is made goes, may be shared
#: CC="distcc gcc"	passed on to the kernel's build

need:
	scripts/need packages

$(B)/linux-source-%.tar.xz: | need
	mkdir -p $(@D)
	echo "downloading linux-source-$* ..."
	scripts/fetch $* $$(sed -n 's/^$*\t//p' kernels) > $@.tmp
	mv $@.tmp $@

$(B)/%/stock/Makefile: $(B)/linux-source-%.tar.xz | need
	$(call step,unpacking linux-source-$*,unpack-$*) scripts/source $< $(@D)
	touch $@

ifdef LINUX
$(K)/stock/Makefile: FORCE | need
	$(call step,copying $(LINUX),copy) scripts/source "$(LINUX)" $(@D)
endif

$(B)/%/patched: $(B)/%/stock/Makefile $(PATCHES) FORCE
	scripts/tree $(<D) $@ $(PATCHES)

tree: $(K)/patched
	echo "$< holds $$(git -C $< rev-list --count base..HEAD) patches on $$(git -C $< log -1 --format=%s base)"

series:
	scripts/series $(K)/patched series
	git -C $(K)/patched tag -f applied > /dev/null
	cat series/*.patch $(K)/stock/.changed | sha256sum > $(K)/patched/.git/applied

# Newer than all sources that are under git's control.
$(K)/patched.edited: $(K)/patched FORCE
	[[ -e $@ && ! $$(cd $<; git ls-files -z | find -files0-from - -newer $@ -print -quit 2> /dev/null) ]] || touch $@

$(K)/stock/.obj/.config: config/base $(K)/stock/Makefile
	$(call config,$(K)/stock)

$(K)/stock.built: $(K)/stock/.obj/.config $(if $(LINUX),$(wildcard $(K)/stock/.changed))
	$(call step,building the stock kernel,build-stock) $(call kbuild,$(K)/stock) bzImage modules headers
	touch $@

# The objects of stock are those of patched, but for what the patches touch, which
# must not look older than an object that was made without the patches.  Only for
# objtool does it matter where the source is.
$(K)/patched.built: $(K)/stock.built $(K)/patched.edited
	if [[ ! $(K)/patched/.obj/.config.stock -nt $(K)/stock.built ]]; then
		rm -rf $(K)/patched/.obj
		rsync -a $(K)/stock/.obj/ $(K)/patched/.obj/
		cd $(K)/patched
		grep -rlZ --include='.*.cmd' $(K)/stock/ .obj/tools | xargs -0r sed -i 's,$(K)/stock/,$(K)/patched/,g'
		git diff --name-only base | xargs -r touch -c
		touch .obj/.config.stock
		cd - > /dev/null
	fi
	$(call config,$(K)/patched)
	$(call step,building the patched kernel,build-patched) $(call kbuild,$(K)/patched) bzImage modules headers
	touch $@

# Only this test, linked statically as the initramfs has no libraries.
$(K)/kselftest.built: $(K)/patched.built
	$(call step,building the selftest,build-kselftest) $(MAKE) -s -C $(K)/patched/$(KSFT) \
		TARGETS=kvm O=$(K)/patched/.obj KDIR=$(K)/patched/.obj INSTALL_PATH=$(K)/kselftest USERLDFLAGS=-static \
		TEST_GEN_PROGS_x86=x86/ioapic_eoi_clamp_test TEST_GEN_PROGS_EXTENDED_x86= TEST_PROGS_x86= install
	touch $@

cpio	= (cd $(1); find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -1)

$(K)/common.cpio.gz: initramfs/init $(K)/kselftest.built
	rm -rf $@.root
	mkdir -p $@.root/{bin,dev,proc,sys,tmp}
	cp /bin/busybox $@.root/bin
	cp $< $@.root/init
	cp -r $(K)/kselftest $@.root/
	$(call cpio,$@.root) > $@

# To what is common, add kvm's modules, and the injector built for just this kernel.
$(K)/%.initrd: $(K)/%.built $(K)/common.cpio.gz
	rm -rf $@.root
	mkdir -p $@.root
	rsync -a --include='*.c' --include=Makefile --exclude='*' $(K)/patched/$(KSFT)/kvm/test_modules/ $(K)/$*.testmods/
	{
		$(call kbuild,$(K)/$*) -s INSTALL_MOD_PATH=$@.root modules_install &&
		$(call kbuild,$(K)/$*) -s M=$(K)/$*.testmods modules &&
		$(call kbuild,$(K)/$*) -s M=$(K)/$*.testmods INSTALL_MOD_PATH=$@.root modules_install
	} > $(K)/log/modules-$*.log 2>&1 || { cat $(K)/log/modules-$*.log; exit 1; }
	{ cat $(K)/common.cpio.gz; $(call cpio,$@.root); } > $@

# boots(DIR,RUN,BOOTS): boot each of VARIANT-PLATFORM, two at a time.
define boots
	mkdir -p $(K)/$(1)
	printf '%s\n' $(3) | xargs -P 2 -I @ scripts/boot $(K) @ $(K)/$(1)/@.log 'run=./run_kselftest.sh $(2)' || :
endef
DEMO	:= $(filter-out %emul,$(PLATFORMS))
only_bad := KSELFTEST_IOAPIC_EOI_CLAMP_TEST_ARGS=-tbad_vectors

demo: $(K)/stock.initrd $(K)/patched.initrd
	echo "booting, with bad vectors ..."
	rm -rf $(K)/demo
	$(call boots,demo,$(only_bad),$(foreach p,$(DEMO),stock-$(p) patched-$(p)))
	echo "  $$SECONDS s"
	scripts/verdict $(foreach p,$(DEMO),$(K)/demo/stock-$(p).log $(K)/demo/patched-$(p).log)

# The series must apply to 7.2 as well.
check: $(K)/stock.initrd $(K)/patched.initrd $(B)/7.2/patched
	echo "booting, with all tests ..."
	rm -rf $(K)/check
	$(call boots,check,kunit.enable=1,$(PLATFORMS:%=patched-%))
	$(call boots,check,$(only_bad),$(DEMO:%=stock-%))
	echo "  $$SECONDS s"
	scripts/check $(K) checks

# kunit-X is with config/X in addition.
kunit kunit-debug: $(K)/patched.built
	scripts/kunit $(K)/patched .$@ config/base $(wildcard $(@:kunit-%=config/%))

hw-check: $(K)/patched
	scripts/hw-check $(K)/patched/$(KSFT)

clean:
	rm -rf $(K)/stock/.obj $(K)/patched/.obj $(K)/patched/.kunit* $(K)/*.built $(K)/*.initrd* $(K)/*.cpio.gz* $(K)/*.testmods $(K)/kselftest

distclean:
	rm -rf $(B)/linux-source-* $(B)/local-* $(shell sed "/^\#/d; s,^,$(B)/,; s,\t.*,," kernels)

.PRECIOUS: $(B)/linux-source-%.tar.xz $(B)/%/stock/Makefile
FORCE:
.PHONY: FORCE help need tree series demo check kunit kunit-debug hw-check clean distclean
