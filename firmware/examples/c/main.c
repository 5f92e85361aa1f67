/* Written by kiln export --to c, to begin with. */
#include <stdio.h>
#include <string.h>

#include "digits_samples.h"

static uint32_t memory[DIGITS_MEMORY_BYTES / 4];
static kiln_classifier classifier;
static const char *const names[] = DIGITS_CLASS_NAMES;

int main(void)
{
    unsigned same = 0;
    kiln_status status = kiln_init(&classifier, &digits, memory, sizeof memory);
    for (size_t i = 0; i < DIGITS_SAMPLES && status == KILN_STATUS_OK; i++) {
        size_t class_index;
        float outputs[DIGITS_OUTPUTS];
        uint32_t bits[DIGITS_OUTPUTS];
        status = kiln_classify(&classifier, digits_samples[i], DIGITS_IMAGE_BYTES, &class_index);
        if (status == KILN_STATUS_OK)
            status = kiln_outputs(&classifier, outputs, DIGITS_OUTPUTS);
        if (status != KILN_STATUS_OK)
            break;
        memcpy(bits, outputs, sizeof bits);
        printf("%s:", names[class_index]);
        for (size_t j = 0; j < DIGITS_OUTPUTS; j++)
            printf(" %08lx", (unsigned long)bits[j]);
        printf("\n");
        same += memcmp(bits, digits_sample_outputs[i], sizeof bits) == 0;
    }
    if (status != KILN_STATUS_OK) {
        printf("error: %s\n", kiln_error_text(status));
        return 1;
    }
    printf("%u of %u as on the desktop\n", same, DIGITS_SAMPLES);
    return same == DIGITS_SAMPLES ? 0 : 1;
}
