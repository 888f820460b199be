# What do the tests execute?

#: make coverage		what executes the code on the way of an EOI, into docs/

# The patched kernel, with a KVM that counts.
C	:= $(K)/coverage
$(C)/gcov.initrd: $(K)/patched.initrd initramfs/coverage
	rm -rf $(C)
	mkdir -p $(C)/root
	ln -s ../patched $(C)/gcov
	$(call step,building KVM with gcov,build-coverage) $(kbuild) M=$(T)/arch/x86/kvm \
		MO=$(C)/obj/arch/x86/kvm GCOV_PROFILE=y modules
	modules=$$(cd $(K)/patched; dirname $$(find root -name kvm.ko))
	mkdir -p $(C)/$$modules
	rsync -rm --include='*/' --include='*.ko' --exclude='*' \
		$(C)/obj/arch/x86/kvm/ $(C)/$$modules
	cp initramfs/coverage $(C)/root/
	{ cat $(K)/patched.initrd; $(call cpio,$(C)/root); } > $@

# APICv is the other way that an EOI takes to KVM.
coverage: $(C)/gcov.initrd
	echo "booting, with all tests ..."
	rm -rf $(C)/{kunit,selftest}
	scripts/boots $(C) kunit "kunit.enable=1 run=/coverage" gcov-svm
	LIMIT=900 scripts/boots $(C) selftest "run=\"selftest -n 100; /coverage\"" \
		gcov-vmxapicv gcov-svm
	echo "  $$SECONDS s"
	scripts/coverage $(C) coverage $(T) > $(C)/coverage.txt
	cp $(C)/coverage.txt docs/
	echo "docs/coverage.txt, and each line in $(C)/lines.txt"

.PHONY: coverage
