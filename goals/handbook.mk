# What the maintainers' handbook asks for, and sending the series.

#: make lint		each patch on its own, by the files "rules" and "corners"
#: make docs-check	the kernel's documentation, by sphinx
#: make selftests	all of KVM's selftests, stock against patched kernel
#: make check-debug	all tests on kernels with KASAN and more, and with KCSAN
#: make mbox		the series as one mbox, from FROM="Name <mail>"

lint: $(K)/patched/bzImage
	scripts/need packages-lint
	scripts/lint $(K) rules corners

docs-check: $(K)/tree.edited
	scripts/need packages-docs
	scripts/check $(K) checks-docs

mbox: $(K)/tree.edited
	scripts/mbox $(T) series/cover-letter.txt "$(FROM)" > $(K)/series.mbox
	scripts/need packages-mbox
	scripts/check $(K) checks-mbox
	echo "$(K)/series.mbox"

# With timeout(1), as the tests' runner ends a test that hangs only if it is there.
S	:= $(K)/selftests
$(S)/all.cpio.gz: $(K)/patched/bzImage
	rm -rf $@.root
	$(call step,building all selftests,build-selftests) $(MAKE) -s -C $(T)/$(KSFT) install \
		TARGETS=kvm O=$(T)/.obj KDIR=$(T)/.obj INSTALL_PATH=$@.root/kselftest \
		USERLDFLAGS=-static -j$$(($$(nproc) + 1))
	find $@.root -type f -size +500k -exec strip {} +
	cp -L --parents /usr/bin/timeout $$(ldd /usr/bin/timeout | grep -o '/[^ ]*') $@.root
	$(call cpio,$@.root) > $@

selftests: $(K)/stock.initrd $(K)/patched.initrd $(S)/all.cpio.gz
	echo "booting, with all of KVM's selftests ..."
	OVERLAY=$(S)/all.cpio.gz scripts/selftests $(K)

# A kernel with config/X in addition, and test modules that fit.
DEBUG	:= $(filter-out base,$(notdir $(wildcard config/*)))
$(DEBUG:%=$(K)/%/bzImage): private OBJ = .obj-$*
$(DEBUG:%=$(K)/%/bzImage): private CONFIG = $(T)/$(OBJ)/allconfig
$(DEBUG:%=$(K)/%/bzImage): $(K)/%/bzImage: config/base config/% $(K)/common.cpio.gz
	mkdir -p $(T)/$(OBJ)
	cat config/base config/$* > $(CONFIG)
	$(call kernel,$*)
	for dir in $(abspath modules) $(T)/$(KSFT)/kvm/x86/test_modules; do
		$(kbuild) -s M=$$dir MO=$(T)/$(OBJ)/$${dir##*/} > /dev/null
	done
	mkdir -p $(K)/$*/root/{modules,kselftest/kvm}
	cp $(T)/$(OBJ)/modules/*.ko $(K)/$*/root/modules
	cp $(T)/$(OBJ)/test_modules/*.ko $(K)/$*/root/kselftest/kvm

check-debug: $(DEBUG:%=$(K)/%.initrd)
	echo "booting, with all tests ..."
	rm -rf $(K)/check-debug
	LIMIT=900 scripts/boots $(K) check-debug \
		$(DEBUG:%='%-svm kunit.enable=1 run="selftest -n 300"')
	scripts/check $(K) checks-debug

.PHONY: lint docs-check mbox selftests check-debug
