# What the series costs, and what else could be done with a bad vector.

#: make bench		instructions that a KVM_RUN takes, after each patch: docs/bench.txt
#: OPT=-O2		how the modules are optimized, with others: docs/bench-Os.txt
#: make alternatives	each way to treat a bad vector: docs/alternatives.txt

OPT	?= -O2

$(K)/bench/%: bench/%.c bench/guest.h $(K)/kselftest.built
	mkdir -p $(@D)
	cd $(T)/.obj/kselftest/kvm
	gcc -static -pthread -std=gnu99 -O2 -Wall -no-pie -fno-pie -fno-stack-protector \
		-fno-strict-aliasing -D_GNU_SOURCE $(addprefix -I$(T)/$(KSFT)/,. kvm/include \
		kvm/include/x86) -I$(T)/tools/include -I$(T)/tools/arch/x86/include \
		-isystem $(T)/.obj/usr/include -o $@ $(abspath $<) $$(find lib -name '*.o') \
		libvfio/libvfio.o

bench: $(K)/bench/bench $(K)/patched.initrd
	scripts/need packages-bench
	scripts/bench-build $(K) $(OPT)
	scripts/bench $(K) $(OPT) docs/bench$(filter-out -O2,$(OPT))

$(K)/bench/inject.cpio.gz: $(K)/bench/inject
	rm -rf $@.root
	mkdir -p $@.root/bench
	cp $< $@.root/bench
	$(call cpio,$@.root) > $@

alternatives: $(K)/stock.initrd $(K)/patched.initrd $(K)/bench/inject.cpio.gz
	OVERLAY=$(K)/bench/inject.cpio.gz scripts/alternatives $(K) alternatives \
		docs/alternatives.txt

.PHONY: bench alternatives
