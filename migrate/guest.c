// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest with one level-triggered interrupt line, for QEMU's -kernel (multiboot,
 * 32 bit, no paging).  Raises the line through pc-testdev, again and again; the
 * handler lowers it, spins for a random time without leaving the guest, so that
 * userspace gets to stop the vCPU there, and does the EOI.  On COM1 it says every
 * 16 interrupts that it is alive, and when none comes, why.
 */
#define PIN		14
#define VECTOR		0x51
#define LINE		(0x2000 + PIN)	/* pc-testdev */
#define COM1		0x3f8
#define REMOTE_IRR	(1 << 14)
#define LEVEL		(1 << 15)

#define SPIN		(1 << 18)	/* TSC cycles, at most: about 0.1 ms */
#define TOO_LATE	(1 << 30)	/* TSC cycles, about half a second */

asm(".text; .align 4; .long 0x1badb002, 0, -0x1badb002\n"
    ".globl _start; _start: mov $stack + 4096, %esp; call main");

unsigned char stack[4096];
static volatile unsigned int irqs;

static void outb(unsigned short port, unsigned char value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned char inb(unsigned short port)
{
	unsigned char value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static unsigned int rdtsc(void)
{
	unsigned int low;

	asm volatile("rdtsc" : "=a"(low) : : "edx");
	return low;
}

static volatile unsigned int *lapic(unsigned int reg)
{
	return (void *)(0xfee00000 + reg);
}

static volatile unsigned int *ioapic(unsigned int reg)
{
	*(volatile unsigned int *)0xfec00000 = reg;
	return (void *)0xfec00010;
}

static void print(const char *s)
{
	for (; *s; s++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, *s);
	}
}

static void print_number(const char *name, unsigned int n, unsigned int base)
{
	char buf[12], *p = buf + sizeof(buf);

	*--p = 0;
	do {
		*--p = "0123456789abcdef"[n % base];
	} while (n /= base);
	print(name);
	print(p);
}

__attribute__((interrupt)) static void handler(void *frame)
{
	static unsigned int random;
	unsigned int start;

	irqs++;
	outb(LINE, 0);
	random = random * 1664525 + 1013904223;
	start = rdtsc();
	while (rdtsc() - start < (random >> 8) % SPIN)
		;
	*lapic(0xb0) = 0;
}

int main(void)
{
	static unsigned long long idt[VECTOR + 1];
	struct {
		unsigned short limit;
		void *base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, idt };
	unsigned int at = (unsigned int)handler, last, start, rte, isr, irr;
	unsigned short cs;

	/* A 32-bit interrupt gate in the code segment of the boot loader's. */
	asm("mov %%cs, %0" : "=r"(cs));
	idt[VECTOR] = (unsigned long long)(at & 0xffff0000) << 32 | 0x8e0000000000ull |
		      (unsigned int)cs << 16 | (at & 0xffff);
	asm volatile("lidt %0" : : "m"(idtr));

	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	*lapic(0xf0) = 0x1ff;
	*lapic(0x80) = 0;
	*ioapic(0x11 + 2 * PIN) = *lapic(0x20) & 0xff000000;
	*ioapic(0x10 + 2 * PIN) = LEVEL | VECTOR;
	asm volatile("sti");

	for (;;) {
		last = irqs;
		start = rdtsc();
		outb(LINE, 1);
		while (irqs == last && rdtsc() - start < TOO_LATE)
			;
		if (irqs != last) {
			if (irqs % 16 == 0) {
				print_number("alive, ", irqs, 10);
				print(" interrupts\n");
			}
			continue;
		}

		/* Dead: the I/O APIC waits for an EOI, and the CPU has none to do. */
		rte = *ioapic(0x10 + 2 * PIN);
		isr = *lapic(0x100 + VECTOR / 32 * 16) >> VECTOR % 32 & 1;
		irr = *lapic(0x200 + VECTOR / 32 * 16) >> VECTOR % 32 & 1;
		print(rte & REMOTE_IRR && !isr && !irr ? "dead," : "late,");
		print_number(" RTE ", rte, 16);
		print_number(" ISR ", isr, 16);
		print_number(" IRR ", irr, 16);
		print_number(", ", irqs, 10);
		print(" interrupts\n");
		outb(LINE, 0);
	}
}
