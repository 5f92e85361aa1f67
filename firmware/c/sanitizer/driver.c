/* Drives every function of kiln.h with what C can do wrong: null, misaligned and short pointers, wrong lengths,
   damaged models and damaged parameters. Every block ends, or begins, at a page that must not be touched, as the
   library itself is not instrumented; models lie in pages that cannot be written to.

       driver SECONDS SEED

   What a seed does is the same every time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kiln.h"

#define MOST_WORDS (1u << 20)
#define MOST_BLOCKS 16
#define ROUNDS_BETWEEN_LOOKS 64
#define LAST_STATUS KILN_STATUS_SAVED_OF_ANOTHER
#define CHECKED 4   /* the first word that a model's checksum covers */
#define TRAINING 19 /* says with which word it begins to say how it learns */

/* A model to drive the library with. */
typedef struct {
    unsigned number;
    const kiln_model *model;
    size_t memory_bytes;
    size_t image_bytes;
    size_t outputs;
    /* 0 where it does not learn. */
    size_t saved_bytes;
} subject;

#include "subjects.h"

typedef struct {
    void *bytes;
    void *pages;
    size_t length;
} block;

static block blocks[MOST_BLOCKS];
static size_t block_count;
static uint64_t state;
static unsigned long seed, round_number, refused, accepted;

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            printf("seed %lu, round %lu, line %d: %s\n", seed, round_number, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static uint32_t chance(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

/* So many bytes, aligned to the word, beside a page that must not be touched. */
static void *guarded(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (bytes + page - 1) / page * page;
    inner = inner == 0 ? page : inner;
    char *pages = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(pages != MAP_FAILED && block_count < MOST_BLOCKS);
    EXPECT(mprotect(pages + page, inner, PROT_READ | PROT_WRITE) == 0);
    /* Images end at the page to the byte; what is aligned has lengths that are. */
    char *begin = chance(4) == 0 ? pages + page : pages + page + inner - bytes;
    memset(pages + page, 0xa5, inner);
    blocks[block_count++] = (block){begin, pages, inner + 2 * page};
    return begin;
}

static void freeze(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    block *last = &blocks[block_count - 1];
    EXPECT(mprotect((char *)last->pages + page, last->length - 2 * page, PROT_READ) == 0);
}

static void release_all(void)
{
    while (block_count > 0) {
        block_count--;
        EXPECT(munmap(blocks[block_count].pages, blocks[block_count].length) == 0);
    }
}

static uint32_t checksum(const uint32_t *words, size_t count)
{
    const uint8_t *bytes = (const uint8_t *)words;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < 4 * count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

/* Rust's own library, compiled for unwinding, names it; this one does not unwind. */
void rust_eh_personality(void);
void rust_eh_personality(void)
{
    abort();
}

static int learns(const subject *own)
{
    return own->saved_bytes != 0;
}

/* A status that there is, with a text. */
static kiln_status looked_at(kiln_status status)
{
    EXPECT((int)status >= 0 && status <= LAST_STATUS && kiln_error_text((int32_t)status) != NULL);
    if (status == KILN_STATUS_OK)
        accepted++;
    else
        refused++;
    return status;
}

typedef struct {
    const subject *own;
    kiln_model model;
    kiln_classifier classifier;
    uint32_t *memory;
    uint8_t *image;
    float *outputs;
    uint8_t *saved;
} run;

/* A subject whose words are changed in some places, with a checksum that holds where that is asked for. */
static void begin(run *all, const subject *own, unsigned changes, int sealed)
{
    size_t count = own->model->word_count;
    EXPECT(count < MOST_WORDS);
    size_t training = own->model->words[TRAINING];
    uint32_t *words = guarded(4 * count);
    memcpy(words, own->model->words, 4 * count);
    for (unsigned i = 0; i < changes; i++) {
        /* Half of the changes where steps are. */
        size_t at = chance(2) ? chance((uint32_t)count) : chance(count < 600 ? (uint32_t)count : 600);
        at = chance(4) || training == 0 ? at : training + chance((uint32_t)(count - training));
        switch (chance(5)) {
        case 0: words[at] += 1; break;
        case 1: words[at] -= 1; break;
        case 2: words[at] ^= 1u << chance(32); break;
        case 3: words[at] = chance(64); break;
        default: words[at] = words[chance((uint32_t)count)];
        }
    }
    if (sealed)
        words[CHECKED - 1] = checksum(words + CHECKED, count - CHECKED);
    freeze();
    size_t kernels = own->model->kernel_count;
    const kiln_kernel **table = guarded(kernels * sizeof *table);
    memcpy(table, own->model->kernels, kernels * sizeof *table);
    *all = (run){own, {words, count, table, kernels, own->model->runner}, {0}, 0, 0, 0, 0};
    all->memory = guarded(own->memory_bytes);
    all->image = guarded(own->image_bytes);
    for (size_t i = 0; i < own->image_bytes; i++)
        all->image[i] = (uint8_t)chance(256);
    all->outputs = guarded(own->outputs * sizeof(float));
    all->saved = guarded(own->saved_bytes == 0 ? 64 : own->saved_bytes);
}

static kiln_status init(run *all)
{
    return looked_at(kiln_init(&all->classifier, &all->model, all->memory, all->own->memory_bytes));
}

static kiln_status classify(run *all)
{
    size_t class_index = SIZE_MAX;
    kiln_status status = kiln_classify(&all->classifier, all->image, all->own->image_bytes, &class_index);
    EXPECT(status != KILN_STATUS_OK || class_index < MOST_WORDS);
    return looked_at(status);
}

static kiln_status learn(run *all, size_t class_index, float rate)
{
    float loss = 0;
    return looked_at(kiln_train_step(&all->classifier, all->image, all->own->image_bytes, class_index, rate,
                                     0.001f, chance(2) ? &loss : NULL));
}

static kiln_status outputs(run *all)
{
    return looked_at(kiln_outputs(&all->classifier, all->outputs, all->own->outputs));
}

static kiln_status saved(run *all)
{
    return looked_at(kiln_save(&all->classifier, all->saved, all->own->saved_bytes));
}

static kiln_status loaded(run *all)
{
    return looked_at(kiln_load(&all->classifier, all->saved, all->own->saved_bytes));
}

/* A sound model: all goes well, and what was saved comes back. */
static void sound(const subject *own)
{
    run all;
    begin(&all, own, 0, 0);
    EXPECT(looked_at(kiln_check(&all.model)) == KILN_STATUS_OK);
    EXPECT(init(&all) == KILN_STATUS_OK);
    EXPECT(outputs(&all) == KILN_STATUS_NO_OUTPUTS);
    EXPECT(classify(&all) == KILN_STATUS_OK && outputs(&all) == KILN_STATUS_OK);
    if (!learns(own)) {
        EXPECT(learn(&all, 0, 0.01f) == KILN_STATUS_NOT_LEARNING);
        EXPECT(looked_at(kiln_save(&all.classifier, all.saved, 64)) == KILN_STATUS_NOT_LEARNING);
        EXPECT(looked_at(kiln_load(&all.classifier, all.saved, 64)) == KILN_STATUS_NOT_LEARNING);
        return;
    }
    kiln_status status = learn(&all, chance((uint32_t)own->outputs), 0.001f);
    EXPECT(status == KILN_STATUS_OK || status == KILN_STATUS_NOT_FINITE);
    EXPECT(outputs(&all) == KILN_STATUS_NO_OUTPUTS);
    EXPECT(saved(&all) == KILN_STATUS_OK);
    EXPECT(classify(&all) == KILN_STATUS_OK && outputs(&all) == KILN_STATUS_OK);
    float *before = guarded(own->outputs * sizeof(float));
    memcpy(before, all.outputs, own->outputs * sizeof(float));
    EXPECT(init(&all) == KILN_STATUS_OK && loaded(&all) == KILN_STATUS_OK);
    EXPECT(classify(&all) == KILN_STATUS_OK && outputs(&all) == KILN_STATUS_OK);
    EXPECT(memcmp(before, all.outputs, own->outputs * sizeof(float)) == 0);
    /* Damaged or short bytes are refused and change nothing. */
    size_t at = chance((uint32_t)own->saved_bytes);
    all.saved[at] ^= (uint8_t)(1u << chance(8));
    EXPECT(loaded(&all) != KILN_STATUS_OK);
    all.saved[at] = (uint8_t)chance(256);
    looked_at(kiln_load(&all.classifier, all.saved, chance((uint32_t)own->saved_bytes)));
    looked_at(kiln_save(&all.classifier, all.saved, chance((uint32_t)own->saved_bytes)));
    EXPECT(classify(&all) == KILN_STATUS_OK && outputs(&all) == KILN_STATUS_OK);
}

/* What was saved of one model is another's to refuse. */
static void of_another(const subject *own, const subject *other)
{
    run all, others;
    if (!learns(own) || !learns(other) || own == other)
        return;
    begin(&all, own, 0, 0);
    begin(&others, other, 0, 0);
    EXPECT(init(&all) == KILN_STATUS_OK && init(&others) == KILN_STATUS_OK && saved(&all) == KILN_STATUS_OK);
    kiln_status status = looked_at(kiln_load(&others.classifier, all.saved, own->saved_bytes));
    EXPECT(status == KILN_STATUS_SAVED_OF_ANOTHER || status == KILN_STATUS_SAVED_LENGTH);
}

/* Pointers and lengths that are none. */
static void misuse(const subject *own)
{
    run all;
    begin(&all, own, 0, 0);
    size_t class_index, bytes = own->memory_bytes;
    uint32_t *odd = (uint32_t *)(void *)((char *)all.memory + 1 + chance(3));
    kiln_classifier *never = &(kiln_classifier){0};
    EXPECT(looked_at(kiln_init(NULL, &all.model, all.memory, bytes)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_init(&all.classifier, NULL, all.memory, bytes)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_init(&all.classifier, &all.model, NULL, bytes)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_init(&all.classifier, &all.model, odd, bytes)) == KILN_STATUS_MISALIGNED);
    EXPECT(looked_at(kiln_init((void *)((char *)never + 1), &all.model, all.memory, bytes)) ==
           KILN_STATUS_MISALIGNED);
    EXPECT(looked_at(kiln_init(&all.classifier, &all.model, all.memory, chance((uint32_t)bytes))) ==
           KILN_STATUS_MEMORY);
    EXPECT(looked_at(kiln_check(NULL)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_classify(never, all.image, own->image_bytes, &class_index)) == KILN_STATUS_NOT_READY);
    EXPECT(classify(&all) == KILN_STATUS_NOT_READY && outputs(&all) == KILN_STATUS_NOT_READY);
    EXPECT(learn(&all, 0, 0.1f) == KILN_STATUS_NOT_READY);
    EXPECT(saved(&all) == KILN_STATUS_NOT_READY && loaded(&all) == KILN_STATUS_NOT_READY);
    EXPECT(init(&all) == KILN_STATUS_OK);
    EXPECT(looked_at(kiln_classify(NULL, all.image, own->image_bytes, &class_index)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_classify(&all.classifier, NULL, own->image_bytes, &class_index)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_classify(&all.classifier, all.image, own->image_bytes, NULL)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_classify(&all.classifier, all.image, chance((uint32_t)own->image_bytes),
                                   &class_index)) == KILN_STATUS_IMAGE_LENGTH);
    EXPECT(looked_at(kiln_classify(&all.classifier, all.image, SIZE_MAX, &class_index)) != KILN_STATUS_OK);
    EXPECT(outputs(&all) == KILN_STATUS_NO_OUTPUTS && classify(&all) == KILN_STATUS_OK);
    EXPECT(looked_at(kiln_outputs(NULL, all.outputs, own->outputs)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_outputs(&all.classifier, NULL, own->outputs)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_outputs(&all.classifier, (void *)((char *)all.outputs + 1), own->outputs)) ==
           KILN_STATUS_MISALIGNED);
    EXPECT(looked_at(kiln_outputs(&all.classifier, all.outputs, chance((uint32_t)own->outputs))) ==
           KILN_STATUS_OUTPUT_LENGTH);
    EXPECT(kiln_error_text(-1 - (int32_t)chance(1000)) == NULL);
    EXPECT(kiln_error_text((int32_t)LAST_STATUS + 1 + (int32_t)chance(1000)) == NULL);
    EXPECT(kiln_version() == KILN_VERSION);
    EXPECT(looked_at(kiln_train_step(NULL, all.image, own->image_bytes, 0, 0.1f, 0, NULL)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_train_step(&all.classifier, NULL, own->image_bytes, 0, 0.1f, 0, NULL)) ==
           KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_save(NULL, all.saved, 64)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_save(&all.classifier, NULL, 64)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_load(NULL, all.saved, 64)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_load(&all.classifier, NULL, 64)) == KILN_STATUS_NULL);
    EXPECT(looked_at(kiln_load(&all.classifier, all.saved, SIZE_MAX)) != KILN_STATUS_OK);
    if (!learns(own))
        return;
    static const float rates[] = {0.0f, -0.1f, 1.0f / 0.0f, -1.0f / 0.0f, 0.0f / 0.0f};
    float rate = rates[chance(5)], loss[2];
    EXPECT(learn(&all, 0, rate) == KILN_STATUS_RATE);
    EXPECT(learn(&all, own->outputs + chance(70000), 0.1f) == KILN_STATUS_CLASS_INDEX);
    EXPECT(learn(&all, SIZE_MAX - chance(70000), 0.1f) == KILN_STATUS_CLASS_INDEX);
    EXPECT(looked_at(kiln_train_step(&all.classifier, all.image, chance((uint32_t)own->image_bytes), 0, 0.1f, 0,
                                     NULL)) == KILN_STATUS_IMAGE_LENGTH);
    EXPECT(looked_at(kiln_train_step(&all.classifier, all.image, own->image_bytes, 0, 0.1f, 0,
                                     (void *)((char *)loss + 1))) == KILN_STATUS_MISALIGNED);
    EXPECT(loaded(&all) == KILN_STATUS_SAVED_DAMAGED);
}

/* A model with a wrong checksum, another length or another table. */
static void damaged(const subject *own)
{
    run all;
    begin(&all, own, 1 + chance(3), 0);
    if (memcmp(all.model.words, own->model->words, 4 * all.model.word_count) != 0) {
        EXPECT(init(&all) != KILN_STATUS_OK);
        EXPECT(looked_at(kiln_check(&all.model)) != KILN_STATUS_OK);
        EXPECT(classify(&all) == KILN_STATUS_NOT_READY);
    }
    all.model.words = own->model->words;
    switch (chance(6)) {
    case 0: all.model.word_count = chance((uint32_t)all.model.word_count); break;
    case 1: all.model.kernel_count = chance((uint32_t)all.model.kernel_count); break;
    case 2: ((const kiln_kernel **)(void *)(uintptr_t)all.model.kernels)[0] = NULL; break;
    case 3: all.model.runner = NULL; break;
    case 4: all.model.runner = subjects[(own->number + 1) % SUBJECTS].model->runner; break;
    default: all.model.words = (const uint32_t *)(const void *)((const char *)all.model.words + 1);
    }
    if (all.model.runner != own->model->runner || all.model.words != own->model->words ||
        all.model.kernels[0] == NULL || all.model.word_count != own->model->word_count ||
        all.model.kernel_count != own->model->kernel_count) {
        EXPECT(init(&all) != KILN_STATUS_OK);
        EXPECT(looked_at(kiln_check(&all.model)) != KILN_STATUS_OK);
    }
}

/* A model that somebody else has written, with a checksum that holds: refused, or run. */
static void foreign(const subject *own)
{
    run all;
    begin(&all, own, 1 + chance(3), 1);
    if (looked_at(kiln_check(&all.model)) != KILN_STATUS_OK || init(&all) != KILN_STATUS_OK)
        return;
    classify(&all);
    outputs(&all);
    for (int i = 0; i < 3; i++)
        learn(&all, chance(12), 0.01f);
    saved(&all);
    loaded(&all);
    classify(&all);
    outputs(&all);
}

int main(int count, char **words)
{
    if (count != 3)
        return 2;
    time_t end = time(NULL) + atol(words[1]);
    seed = strtoul(words[2], NULL, 10);
    state = seed * 2 + 1;
    do {
        for (int i = 0; i < ROUNDS_BETWEEN_LOOKS; i++, round_number++) {
            const subject *own = &subjects[chance(SUBJECTS)];
            switch (chance(8)) {
            case 0: sound(own); break;
            case 1: misuse(own); break;
            case 2: damaged(own); break;
            case 3: of_another(own, &subjects[chance(SUBJECTS)]); break;
            default: foreign(own);
            }
            release_all();
        }
    } while (time(NULL) < end);
    printf("%lu rounds: %lu calls accepted, %lu refused\n", round_number, accepted, refused);
    return 0;
}
