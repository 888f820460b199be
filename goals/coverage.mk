# What do the tests execute?

#: make coverage		what executes the code on the way of an EOI, into docs/

# A KVM that counts, for the patched kernel.
C	:= $(K)/coverage
$(C)/gcov.cpio.gz: $(K)/patched/bzImage initramfs/coverage
	rm -rf $(C)
	mkdir -p $(C)/root
	$(call step,building KVM with gcov,build-coverage) $(kbuild) M=$(T)/arch/x86/kvm \
		MO=$(C)/obj/arch/x86/kvm GCOV_PROFILE=y modules
	modules=$$(cd $(K)/patched; dirname $$(find root -name kvm.ko))
	mkdir -p $(C)/$$modules
	rsync -rm --include='*/' --include='*.ko' --exclude='*' \
		$(C)/obj/arch/x86/kvm/ $(C)/$$modules
	cp initramfs/coverage $(C)/root/
	$(call cpio,$(C)/root) > $@

# APICv is the other way that an EOI takes to KVM.
coverage: $(K)/patched.initrd $(C)/gcov.cpio.gz
	echo "booting, with all tests ..."
	rm -rf $(C)/{kunit,selftest}
	export LIMIT=900 OVERLAY=$(C)/gcov.cpio.gz
	scripts/boots $(K) coverage/kunit "patched-svm kunit.enable=1 run=/coverage"
	scripts/boots $(K) coverage/selftest \
		patched-{vmxapicv,svm}" run=\"selftest -n 100; /coverage\""
	echo "  $$SECONDS s"
	scripts/coverage $(C) coverage $(T) > $(C)/coverage.txt
	cp $(C)/coverage.txt docs/
	echo "docs/coverage.txt, and each line in $(C)/lines.txt"

.PHONY: coverage
