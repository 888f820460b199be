# Are the tests any good?

#: make mutants		wrong versions of KVM, and the tests that notice them
#: ONLY=name,name		which of them, lines of the file "mutants"

mutants: $(K)/patched.initrd
	scripts/mutants $(K) mutants "$(ONLY)" | tee $(K)/mutants.ktap

.PHONY: mutants
