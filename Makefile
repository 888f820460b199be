# Build, boot and judge KVM with and without the patches in series/.
# The rules are in the order in which the data flows; `make help` lists the goals.
#
# Set on the command line:
#   KERNEL=7.3		which kernel, a line of the file "kernels"
#   LINUX=/path		the user's own kernel tree instead, it is only read
#   BUILD=/path		where everything that is made goes, may be shared
#   CC=...		passed on to the kernel's build, e.g. "ccache gcc"

SHELL	:= /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.ONESHELL:
.SILENT:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

BUILD	?= build
KERNEL	?= 7.3
PLATFORMS ?= $(shell sed "s,\#.*,," platforms | cut -f 1)

ifdef LINUX
KERNEL	:= local-$(notdir $(abspath $(LINUX)))
endif

# Everything about one kernel is in one directory: the source as it came (stock),
# the git tree with the patches (patched), each with its objects in .obj.
B	:= $(abspath $(BUILD))
K	:= $(B)/$(KERNEL)
PATCHES	:= $(sort $(wildcard series/*.patch))
TESTMODS := tools/testing/selftests/kvm/test_modules
step	= scripts/step "$(1)" $(K)/log/$(2).log

ifeq ($(origin CC),default)
CC	:= $(if $(shell command -v ccache),ccache )gcc
endif

# LOCALVERSION= keeps the state of git, and the fixed date the time, out of the
# kernel's version, so that stock's objects can serve patched.
export KBUILD_BUILD_TIMESTAMP := 1970-01-01
kbuild	= $(MAKE) -C $(1) O=.obj CC="$(CC)" LOCALVERSION= -j$$(($$(nproc) + 1))

# What is set on the command line is for this Makefile, not for the kernel's.
MAKEOVERRIDES :=

help:
	sed -n 's/^#: //p' Makefile

#: make demo		stock and patched kernel, with bad vectors: one dies, one lives
#: make check		all tests, as KTAP
#: make tree		a git tree with the patches as commits
#: make series		write the tree's commits back to series/
#: make need		check for the tools needed, install them where possible
#: make clean		remove what was built, but not the sources
#: make distclean	remove everything that was made
#: make help		this list

need:
	scripts/need packages

# ------------------------------------------------------------------ source

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

# -------------------------------------------------------------------- tree

$(B)/%/patched: $(B)/%/stock/Makefile $(PATCHES) FORCE
	scripts/tree $(<D) $@ $(PATCHES)

tree: $(K)/patched
	echo "$< holds $$(git -C $< rev-list --count base..HEAD) patches on $$(git -C $< log -1 --format=%s base)"

series:
	scripts/series $(K)/patched series

# Sources that were edited make this newer.
$(K)/patched.edited: $(K)/patched FORCE
	edited=
	if [[ -e $@ ]]; then
		edited=$$(find $< -name .git -prune -o -name .obj -prune -o -newer $@ \
			-name '[A-Za-z]*' ! -name '*.mod.c' ! -name '*.o' ! -name '*.ko' \
			! -name '*.order' ! -name '*.symvers' ! -name '*.mod' -type f -print -quit)
	fi
	[[ -e $@ && -z $$edited ]] || touch $@

# ------------------------------------------------------------------- build

$(K)/stock/.obj/.config: config/base $(K)/stock/Makefile
	$(call kbuild,$(K)/stock) -s KCONFIG_ALLCONFIG=$(abspath $<) allnoconfig > /dev/null

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
	$(call step,building the patched kernel,build-patched) $(call kbuild,$(K)/patched) bzImage modules headers
	touch $@

# Only this test, linked statically as the initramfs has no libraries.
$(K)/kselftest.built: $(K)/patched.built
	$(call step,building the selftest,build-kselftest) $(MAKE) -C $(K)/patched/tools/testing/selftests \
		TARGETS=kvm O=$(K)/patched/.obj KDIR=$(K)/patched/.obj INSTALL_PATH=$(K)/kselftest USERLDFLAGS=-static \
		TEST_GEN_PROGS_x86=x86/ioapic_eoi_clamp_test TEST_GEN_PROGS_EXTENDED_x86= TEST_PROGS_x86= install
	touch $@

# --------------------------------------------------------------- initramfs

# cpio(8) of the folder that is made by the recipe's own lines.
cpio	= (cd $(1); find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -1) > $@.tmp; mv $@.tmp $@

$(K)/common.cpio.gz: initramfs/init $(K)/kselftest.built
	rm -rf $@.root
	mkdir -p $@.root/{bin,dev,proc,sys,tmp}
	cp /bin/busybox $@.root/bin
	cp $< $@.root/init
	cp -r $(K)/kselftest $@.root/
	$(call cpio,$@.root)

# kvm's modules, and the injector built for just this kernel.
$(K)/%.initrd: $(K)/%.built $(K)/common.cpio.gz
	rm -rf $@.root
	mkdir -p $@.root/$*
	rsync -a --include='*.c' --include=Makefile --exclude='*' $(K)/patched/$(TESTMODS)/ $(K)/$*.testmods/
	{
		$(call kbuild,$(K)/$*) -s INSTALL_MOD_PATH=$@.root modules_install
		$(call kbuild,$(K)/$*) -s M=$(K)/$*.testmods modules
		$(call kbuild,$(K)/$*) -s M=$(K)/$*.testmods INSTALL_MOD_PATH=$@.root modules_install
	} > $(K)/log/modules-$*.log 2>&1 || { cat $(K)/log/modules-$*.log; exit 1; }
	$(call cpio,$@.root)
	cat $(K)/common.cpio.gz $@ > $@.tmp
	mv $@.tmp $@

# -------------------------------------------------------------------- boot

# boots(DIR,RUN,BOOTS): boot each of VARIANT-PLATFORM, two at a time.
define boots
	mkdir -p $(K)/$(1)
	printf '%s\n' $(3) | xargs -P 2 -I @ scripts/boot $(K) @ $(K)/$(1)/@.log 'run=./run_kselftest.sh $(2)' || :
endef
only_bad := KSELFTEST_IOAPIC_EOI_CLAMP_TEST_ARGS=-tbad_vectors

demo: $(K)/stock.initrd $(K)/patched.initrd
	echo "booting, with bad vectors ..."
	rm -rf $(K)/demo
	$(call boots,demo,$(only_bad),$(foreach p,$(PLATFORMS),stock-$(p) patched-$(p)))
	echo "  $$SECONDS s"
	scripts/verdict $(foreach p,$(PLATFORMS),$(K)/demo/stock-$(p).log $(K)/demo/patched-$(p).log)

# ------------------------------------------------------------------- check

# The series must apply to 7.2 as well.
check: $(K)/stock.initrd $(K)/patched.initrd $(B)/7.2/patched
	echo "booting, with all tests ..."
	rm -rf $(K)/check
	$(call boots,check,,$(PLATFORMS:%=patched-%))
	$(call boots,check,$(only_bad),$(PLATFORMS:%=stock-%))
	echo "  $$SECONDS s"
	scripts/check $(K) checks

# ------------------------------------------------------------------- clean

clean:
	rm -rf $(K)/stock $(K)/*.built $(K)/*.initrd* $(K)/*.cpio.gz* $(K)/*.testmods $(K)/kselftest $(K)/patched/.obj

distclean:
	rm -rf $(BUILD)

.PRECIOUS: $(B)/linux-source-%.tar.xz $(B)/%/stock/Makefile
FORCE:
.PHONY: FORCE help need tree series demo check clean distclean
