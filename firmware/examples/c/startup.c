/* What runs before main on the emulated MPS2 boards: a board's own start-up file does this. */
#include <stdint.h>

extern uint32_t stack_top;
void _start(void);

static void reset(void)
{
    /* The floating-point unit is off after a reset. */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm volatile("dsb\n isb");
    _start();
}

static void stop(void)
{
    for (;;)
        ;
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, reset, stop, stop, stop, stop, stop, 0, 0, 0, 0, stop, stop, 0, stop, stop,
};
