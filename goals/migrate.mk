# A real VMM, a real migration: the line that goes dead.

#: make migrate		a guest migrated by QEMU: stock loses its interrupt line

# Stock loses the line at 1 of 10 migrations (32 of 303 seen), so with 60 it is
# missed once in 800 runs, or in 100 if the odds are at their lower bound, 1 of 13.
MIGRATIONS ?= 60
M	:= $(K)/migrate

# The guest, what migrates it, and QEMU with its libraries and firmware.
$(M)/qemu.cpio.gz: migrate/guest.c scripts/migrate-loop | need
	rm -rf $@.root
	mkdir -p $@.root/{migrate,usr/share/qemu}
	cp scripts/migrate-loop $@.root/migrate/loop
	gcc -m32 -Os -Wall -ffreestanding -fno-pie -mgeneral-regs-only -fno-stack-protector \
		-fcf-protection=none -nostdlib -static -Wl,-Ttext=0x100000,--build-id=none \
		-o $@.root/migrate/guest migrate/guest.c
	qemu=$$(command -v qemu-system-x86_64)
	cp -L --parents $$qemu $$(ldd $$qemu | grep -o '/[^ ]*') $@.root
	cp /usr/share/{seabios/bios-256k,qemu/{kvmvapic,multiboot*}}.bin $@.root/usr/share/qemu
	$(call cpio,$@.root) > $@

migrate: $(K)/stock.initrd $(K)/patched.initrd $(M)/qemu.cpio.gz
	echo "migrating, $(MIGRATIONS) times ..."
	rm -f $(M)/*.log
	export LIMIT=900 OVERLAY=$(M)/qemu.cpio.gz
	scripts/boots $(K) migrate 'stock-svm run="/migrate/loop $(MIGRATIONS) split on"' \
		'patched-svm run="/migrate/loop $(MIGRATIONS) split"'
	echo "  $$SECONDS s"
	scripts/migrate $(M)/stock-svm.log $(M)/patched-svm.log

.PHONY: migrate
