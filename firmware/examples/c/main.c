/* Written by kiln export --to c, to begin with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits_samples.h"

static uint32_t memory[DIGITS_MEMORY_BYTES / 4];
static uint8_t saved[DIGITS_SAVED_BYTES];
static kiln_classifier classifier;
static const char *const names[] = DIGITS_CLASS_NAMES;

static void check(kiln_status status)
{
    if (status == KILN_STATUS_OK)
        return;
    printf("error: %s\n", kiln_error_text(status));
    exit(1);
}

static unsigned show(const uint32_t desktop[DIGITS_SAMPLES][DIGITS_OUTPUTS])
{
    unsigned same = 0;
    for (size_t i = 0; i < DIGITS_SAMPLES; i++) {
        size_t class_index;
        float outputs[DIGITS_OUTPUTS];
        uint32_t bits[DIGITS_OUTPUTS];
        check(kiln_classify(&classifier, digits_samples[i], DIGITS_IMAGE_BYTES, &class_index));
        check(kiln_outputs(&classifier, outputs, DIGITS_OUTPUTS));
        memcpy(bits, outputs, sizeof bits);
        printf("%s:", names[class_index]);
        for (size_t j = 0; j < DIGITS_OUTPUTS; j++)
            printf(" %08lx", (unsigned long)bits[j]);
        printf("\n");
        same += memcmp(bits, desktop[i], sizeof bits) == 0;
    }
    return same;
}

int main(void)
{
    check(kiln_init(&classifier, &digits, memory, sizeof memory));
    unsigned same = show(digits_sample_outputs);
    for (size_t i = 0; i < DIGITS_SAMPLES; i++)
        check(kiln_train_step(&classifier, digits_samples[i], DIGITS_IMAGE_BYTES, digits_sample_classes[i],
                              DIGITS_RATE, 0.0f, NULL));
    /* What was learned outlasts a reset where these bytes do. */
    check(kiln_save(&classifier, saved, sizeof saved));
    check(kiln_init(&classifier, &digits, memory, sizeof memory));
    check(kiln_load(&classifier, saved, sizeof saved));
    same += show(digits_learned_outputs);
    printf("%u of %u as on the desktop\n", same, 2 * DIGITS_SAMPLES);
    return same == 2 * DIGITS_SAMPLES ? 0 : 1;
}
