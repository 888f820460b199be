# Build, boot and judge KVM with and without the patches in series/.
# The rules are in the order in which the data flows.  `make help` lists the goals.

SHELL	:= /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR .ONESHELL .SILENT .SUFFIXES:
MAKEFLAGS += --no-builtin-rules

BUILD	?= build
KERNEL	?= 7.3
PLATFORMS ?= $(shell scripts/kvm-works > /dev/null || no=^host; \
		grep -vE "^\#|$${no:-^\#}" platforms | cut -f 1)
ifdef LINUX
KERNEL	:= local-$(notdir $(abspath $(LINUX)))
endif
ifeq ($(origin CC),default)
CC	:= $(if $(shell command -v ccache),ccache )gcc
endif
# By the files that gcc says were read, as running cpp for each takes a third of the time.
export CCACHE_DEPEND := 1

# Everything about one kernel is in one directory: its git tree, with the patches as
# commits and the objects in .obj, and what was built without (stock) and with them
# (patched).
B	:= $(abspath $(BUILD))
K	:= $(B)/$(KERNEL)
T	:= $(K)/tree
PATCHES	:= $(sort $(wildcard series/*.patch))
KSFT	:= tools/testing/selftests
step	= scripts/step "$(1)" $(K)/log/$(2).log

# LOCALVERSION= keeps the state of git, and the fixed date the time, out of the
# kernel's version.
export KBUILD_BUILD_TIMESTAMP := 1970-01-01
OBJ	:= .obj
kbuild	= $(MAKE) -C $(T) O=$(OBJ) CC="$(CC)" LOCALVERSION= -j$$(($$(nproc) + 1))

# kernel(VARIANT): build what is checked out, keep the kernel and its modules.
CONFIG	:= config/base
define kernel
	$(kbuild) -s KCONFIG_ALLCONFIG=$(abspath $(CONFIG)) allnoconfig > /dev/null
	$(call step,building the $(1) kernel,build-$(1)) $(kbuild) bzImage modules headers
	rm -rf $(K)/$(1)
	$(kbuild) -s INSTALL_MOD_PATH=$(K)/$(1)/root modules_install > /dev/null
	cp $(T)/$(OBJ)/arch/x86/boot/bzImage $(K)/$(1)/
endef

# What is set on the command line is for this Makefile, not for the kernel's.
MAKEOVERRIDES :=
export CC
help:
	sed -n 's/^#: //p' Makefile goals/*

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
	rm -rf $@.tmp
	scripts/fetch $@.tmp $$(sed -n 's/^$*\t//p' kernels) -- linux-source-$*
	dpkg-deb --fsys-tarfile $@.tmp/*.deb |
		tar -xO --wildcards '*/linux-source-*.tar.xz' > $@.tmp/tar.xz
	mv $@.tmp/tar.xz $@
	rm -r $@.tmp

$(B)/%/tree/.git/unpacked: $(B)/linux-source-%.tar.xz | need
	$(call step,unpacking linux-source-$*,unpack-$*) scripts/source $< $(B)/$*/tree

ifdef LINUX
$(T)/.git/unpacked: FORCE | need
	$(call step,copying $(LINUX),copy) scripts/source "$(LINUX)" $(T)
endif

# A tree with the patches, that is newer than all of its sources that git knows of.
$(B)/%/tree.edited: $(B)/%/tree/.git/unpacked $(PATCHES) FORCE
	scripts/tree $(B)/$*/tree $(PATCHES)
	cd $(B)/$*/tree
	newer=$$(git ls-files -z | find -files0-from - -newer $@ -print -quit 2> /dev/null) || :
	[[ -e $@ && ! $$newer ]] || touch $@

tree: $(K)/tree.edited
	nr=$$(git -C $(T) rev-list --count base..HEAD)
	git -C $(T) log -1 --format="$(T) holds $$nr patches on %s" base

series:
	scripts/series $(T) series
	git -C $(T) tag -f applied > /dev/null
	cat series/*.patch $(T)/.git/unpacked | sha256sum > $(T)/.git/applied

# Both kernels are built in the same tree, as they share most objects.
$(K)/stock/bzImage: config/base $(T)/.git/unpacked | $(K)/tree.edited
	scripts/unchanged $(T)
	git -C $(T) checkout -q base
	trap 'git -C $(T) checkout -q series; touch $(K)/tree.edited' EXIT
	$(call kernel,stock)

$(K)/patched/bzImage: $(K)/stock/bzImage $(K)/tree.edited
	$(call kernel,patched)

# Only this test, linked statically as the initramfs has no libraries.
$(K)/kselftest.built: $(K)/patched/bzImage
	rm -rf $(K)/kselftest
	$(call step,building the selftest,build-kselftest) $(MAKE) -s -C $(T)/$(KSFT) \
		TARGETS=kvm O=$(T)/.obj KDIR=$(T)/.obj INSTALL_PATH=$(K)/kselftest \
		USERLDFLAGS=-static TEST_GEN_PROGS_x86=x86/ioapic_eoi_clamp_test \
		TEST_GEN_PROGS_EXTENDED_x86= TEST_PROGS_x86= install
	touch $@

# Test-only modules of the harness.
$(K)/modules.built: $(K)/patched/bzImage $(wildcard modules/*)
	mkdir -p $(K)/modules
	cp modules/* $(K)/modules/
	$(call step,building the harness' modules,build-modules) $(kbuild) M=$(K)/modules modules
	touch $@

cpio	= (cd $(1); find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -1)

$(K)/common.cpio.gz: initramfs/init $(K)/kselftest.built $(K)/modules.built
	rm -rf $@.root
	mkdir -p $@.root/{bin,dev,modules,proc,sys,tmp}
	cp $(K)/modules/*.ko $@.root/modules
	cp /bin/busybox $@.root/bin
	cp $< $@.root/init
	cp -r $(K)/kselftest $@.root/
	$(call cpio,$@.root) > $@

$(K)/%.initrd: $(K)/%/bzImage $(K)/common.cpio.gz
	{ cat $(K)/common.cpio.gz; $(call cpio,$(K)/$*/root); } > $@

# Unless asked for by name, APICv takes too long for the demo, and the stock kernel
# doesn't need to die without flexpriority as well.
default	:= $(filter file,$(origin PLATFORMS))
platforms := $(PLATFORMS)
STOCK	:= $(filter-out $(if $(default),%emul),$(platforms))
DEMO	:= $(filter-out $(if $(default),%apicv),$(STOCK))
unknown	:= $(filter-out $(shell cut -f 1 platforms),$(platforms))
$(if $(unknown),$(error unknown platform $(unknown), add a line to the file "platforms"))
$(if $(platforms),,$(error no platform, see the file "platforms"))

both	:= run=\"selftest -n 100 -t pending_at_signal; selftest -t inject_bad_vectors\"

demo: $(K)/stock.initrd $(K)/patched.initrd
	echo "booting, interrupting KVM_RUN, and injecting bad vectors ..."
	rm -rf $(K)/demo
	scripts/boots $(K) demo $(foreach p,$(DEMO),"stock-$(p) $(both)" "patched-$(p) $(both)")
	echo "  $$SECONDS s"
	logs=($(foreach p,$(DEMO),$(K)/demo/stock-$(p).log $(K)/demo/patched-$(p).log))
	rc=0
	scripts/verdict "$${logs[@]}" || rc=1
	scripts/lost "$${logs[@]}" || rc=1
	[[ "$(DEMO)" == "$(STOCK)" ]] || echo "(the same with APICv: make demo PLATFORMS=vmxapicv)"
	exit $$rc

all	:= kunit.enable=1 run=selftest

# The series must apply to 7.2 as well.
check: $(K)/stock.initrd $(K)/patched.initrd $(B)/7.2/tree.edited
	echo "booting, with all tests ..."
	rm -rf $(K)/check
	scripts/boots $(K) check $(foreach p,$(platforms),"patched-$(p) $(all)") \
		$(foreach p,$(STOCK),"stock-$(p) $(both)")
	echo "  $$SECONDS s"
	scripts/check $(K) checks

include $(wildcard goals/*.mk)

# kunit-X is with config/X in addition.
kunit kunit-debug: $(K)/patched/bzImage
	scripts/kunit $(T) .obj-$@ config/base $(wildcard $(@:kunit-%=config/%))

hw-check: $(K)/tree.edited
	scripts/hw-check $(T)

clean:
	rm -rf $(T)/.obj* $(addprefix $(K)/,*.built *.initrd *.cpio.gz* kselftest modules \
		mutants alternatives bench coverage migrate stock patched)

distclean:
	rm -rf $(B)/linux-source-* $(B)/local-* $(B)/distro \
		$(shell sed "/^\#/d; s,^,$(B)/,; s,\t.*,," kernels)

.PRECIOUS: $(B)/linux-source-%.tar.xz $(B)/%/tree/.git/unpacked $(B)/%/tree.edited
FORCE:
.NOTPARALLEL:
.PHONY: FORCE help need tree series demo check kunit kunit-debug hw-check clean distclean
