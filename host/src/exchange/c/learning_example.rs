//! A program that classifies and learns, to begin with.

use super::CModel;
use super::example::filled;

/// `main.c`: says what it makes of each sample before and after it has learned all of them, to the bit, and
/// whether that is what the desktop does.
pub(super) fn main(model: &CModel<'_>) -> String {
    let answer = match model.classes.is_empty() {
        true => "printf(\"class %u:\", (unsigned)class_index);",
        false => "printf(\"%s:\", names[class_index]);",
    };
    filled(
        "/* Written by kiln export --to c, to begin with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include \"NAME_samples.h\"

static uint32_t memory[PREFIX_MEMORY_BYTES / 4];
static uint8_t saved[PREFIX_SAVED_BYTES];
static kiln_classifier classifier;
NAMES
static void check(kiln_status status)
{
    if (status == KILN_STATUS_OK)
        return;
    printf(\"error: %s\\n\", kiln_error_text(status));
    exit(1);
}

static unsigned show(const uint32_t desktop[PREFIX_SAMPLES][PREFIX_OUTPUTS])
{
    unsigned same = 0;
    for (size_t i = 0; i < PREFIX_SAMPLES; i++) {
        size_t class_index;
        float outputs[PREFIX_OUTPUTS];
        uint32_t bits[PREFIX_OUTPUTS];
        check(kiln_classify(&classifier, NAME_samples[i], PREFIX_IMAGE_BYTES, &class_index));
        check(kiln_outputs(&classifier, outputs, PREFIX_OUTPUTS));
        memcpy(bits, outputs, sizeof bits);
        ANSWER
        for (size_t j = 0; j < PREFIX_OUTPUTS; j++)
            printf(\" %08lx\", (unsigned long)bits[j]);
        printf(\"\\n\");
        same += memcmp(bits, desktop[i], sizeof bits) == 0;
    }
    return same;
}

int main(void)
{
    check(kiln_init(&classifier, &NAME, memory, sizeof memory));
    unsigned same = show(NAME_sample_outputs);
    for (size_t i = 0; i < PREFIX_SAMPLES; i++)
        check(kiln_train_step(&classifier, NAME_samples[i], PREFIX_IMAGE_BYTES, NAME_sample_classes[i],
                              PREFIX_RATE, 0.0f, NULL));
    /* What was learned outlasts a reset where these bytes do. */
    check(kiln_save(&classifier, saved, sizeof saved));
    check(kiln_init(&classifier, &NAME, memory, sizeof memory));
    check(kiln_load(&classifier, saved, sizeof saved));
    same += show(NAME_learned_outputs);
    printf(\"%u of %u as on the desktop\\n\", same, 2 * PREFIX_SAMPLES);
    return same == 2 * PREFIX_SAMPLES ? 0 : 1;
}
",
        model,
        answer,
    )
}
