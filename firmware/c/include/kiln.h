/* Kiln for firmware in C. Made from firmware/c/src/interface.rs; firmware/README.md says how to use it. */

#ifndef KILN_H
#define KILN_H

#include <stddef.h>
#include <stdint.h>

/* A kernel and what runs a kind of model: named by exported models alone. */
typedef struct kiln_kernel kiln_kernel;
typedef struct kiln_runner kiln_runner;

/* Their kernels. */
#ifdef __cplusplus
extern "C" {
#endif
extern const kiln_kernel kiln_float_connect;
extern const kiln_kernel kiln_float_pool_by_maximum;
extern const kiln_kernel kiln_float_pool_by_mean;
extern const kiln_kernel kiln_float_add;
extern const kiln_kernel kiln_float_scale_and_shift;
extern const kiln_kernel kiln_float_activate;
extern const kiln_kernel kiln_float_convolve_in_tiles;
extern const kiln_kernel kiln_float_convolve_and_pool;
extern const kiln_kernel kiln_float_convolve_with_fans;
extern const kiln_kernel kiln_float_convolve_with_fans_and_pool;
extern const kiln_kernel kiln_float_convolve_few;
extern const kiln_kernel kiln_float_convolve_few_and_pool;
extern const kiln_kernel kiln_float_convolve_kept;
extern const kiln_kernel kiln_float_convolve_kept_with_fans;
extern const kiln_kernel kiln_float_convolve_by_passes;
extern const kiln_kernel kiln_float_convolve_with_fans_and_passes;
extern const kiln_kernel kiln_float_convolve_few_and_passes;
extern const kiln_kernel kiln_float_convolve_columns;
extern const kiln_kernel kiln_float_convolve_columns_with_fans;
extern const kiln_kernel kiln_float_convolve_columns_and_pool;
extern const kiln_kernel kiln_float_convolve_columns_and_kept;
extern const kiln_kernel kiln_float_convolve_columns_and_few;
extern const kiln_kernel kiln_float_convolve_by_all;
extern const kiln_kernel kiln_float_differentiate_convolution;
extern const kiln_kernel kiln_float_differentiate_linear;
extern const kiln_kernel kiln_float_differentiate_scale_shift;
extern const kiln_kernel kiln_float_differentiate_maximum;
extern const kiln_kernel kiln_float_differentiate_mean;
extern const kiln_kernel kiln_int8_convolve_portably;
extern const kiln_kernel kiln_int8_convolve_by_tiles;
extern const kiln_kernel kiln_int8_convolve_by_paired_tiles;
extern const kiln_kernel kiln_int8_convolve_by_lines;
extern const kiln_kernel kiln_int8_convolve_by_paired_lines;
extern const kiln_kernel kiln_int8_convolve_by_planes;
extern const kiln_kernel kiln_int8_convolve_and_add_portably;
extern const kiln_kernel kiln_int8_convolve_and_add_by_tiles;
extern const kiln_kernel kiln_int8_convolve_and_add_by_paired_tiles;
extern const kiln_kernel kiln_int8_convolve_and_add_by_lines;
extern const kiln_kernel kiln_int8_convolve_and_add_by_paired_lines;
extern const kiln_kernel kiln_int8_convolve_and_add_by_planes;
extern const kiln_kernel kiln_int8_add;
extern const kiln_kernel kiln_int8_pool_by_maximum;
extern const kiln_kernel kiln_int8_pool_by_mean;
extern const kiln_kernel kiln_int8_clamp;
#ifdef __cplusplus
}
#endif

/**
 * Bytes to which memory for a model is aligned.
 */
#define KILN_ALIGNMENT 4

/**
 * The version of this library: its major, minor and patch number, a byte each.
 */
#define KILN_VERSION 256

/**
 * What came of a call: 0 where all went well.
 */
typedef enum kiln_status {
  /**
   * Done.
   */
  KILN_STATUS_OK = 0,
  /**
   * A pointer is null.
   */
  KILN_STATUS_NULL = 1,
  /**
   * A pointer is not aligned as its type is, or memory not to KILN_ALIGNMENT bytes.
   */
  KILN_STATUS_MISALIGNED = 2,
  /**
   * Less memory than the model needs: MODEL_MEMORY_BYTES of its header.
   */
  KILN_STATUS_MEMORY = 3,
  /**
   * The words are not a model's.
   */
  KILN_STATUS_NO_MODEL = 4,
  /**
   * The model, or what was saved, is of a version that this library does not know.
   */
  KILN_STATUS_VERSION = 5,
  /**
   * The model has fewer or more words than it says.
   */
  KILN_STATUS_MODEL_LENGTH = 6,
  /**
   * The model is damaged.
   */
  KILN_STATUS_DAMAGED = 7,
  /**
   * The model was arranged for another processor.
   */
  KILN_STATUS_PROCESSOR = 8,
  /**
   * The model's table of kernels has not one for each step.
   */
  KILN_STATUS_KERNELS = 9,
  /**
   * The image has not as many bytes as MODEL_IMAGE_BYTES.
   */
  KILN_STATUS_IMAGE_LENGTH = 10,
  /**
   * As many outputs are asked for as the model does not give.
   */
  KILN_STATUS_OUTPUT_LENGTH = 11,
  /**
   * kiln_init has not been called, or failed.
   */
  KILN_STATUS_NOT_READY = 12,
  /**
   * Nothing has been classified yet.
   */
  KILN_STATUS_NO_OUTPUTS = 13,
  /**
   * The model was exported without --train.
   */
  KILN_STATUS_NOT_LEARNING = 14,
  /**
   * The class is not below MODEL_CLASSES.
   */
  KILN_STATUS_CLASS_INDEX = 15,
  /**
   * A rate that is not above 0, a weight decay below 0, or either not finite.
   */
  KILN_STATUS_RATE = 16,
  /**
   * A loss that is not finite, of which nothing has been learned; or parameters that are not, which are not
   * worth saving.
   */
  KILN_STATUS_NOT_FINITE = 17,
  /**
   * Fewer bytes than MODEL_SAVED_BYTES.
   */
  KILN_STATUS_SAVED_LENGTH = 18,
  /**
   * The bytes are not what kiln_save has written.
   */
  KILN_STATUS_SAVED_DAMAGED = 19,
  /**
   * What was saved is another model's, or of other layers.
   */
  KILN_STATUS_SAVED_OF_ANOTHER = 20,
} kiln_status;

/**
 * A model as `kiln export --to c` writes it; nothing in it is for others to read.
 */
typedef struct kiln_model {
  /**
   * The model.
   */
  const uint32_t *words;
  /**
   * How many words there are.
   */
  size_t word_count;
  /**
   * The kernel of each step; of a model that learns then that of each step backward, null where there is
   * none, then those of its first layers in integers.
   */
  const kiln_kernel *const *kernels;
  /**
   * How many kernels there are.
   */
  size_t kernel_count;
  /**
   * What runs models of its kind.
   */
  const kiln_runner *runner;
} kiln_model;

/**
 * A model in its memory. Nothing in it is for others to read; it may be moved, but not copied.
 */
typedef struct kiln_classifier {
  /**
   * The model; null until it is opened.
   */
  const struct kiln_model *model;
  /**
   * The memory.
   */
  uint32_t *memory;
  /**
   * Words of memory that are used.
   */
  size_t memory_words;
  /**
   * Where the outputs of the last image begin.
   */
  size_t first_output;
  /**
   * How many there are; 0 before any image.
   */
  size_t output_count;
} kiln_classifier;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Runs models of `f32`, for the exported models alone.
 */
extern const kiln_runner kiln_float;

/**
 * Runs models of integers, for the exported models alone.
 */
extern const kiln_runner kiln_int8;

/**
 * Runs models of `f32` that learn, for the exported models alone.
 */
extern const kiln_runner kiln_float_learning;

/**
 * Runs models of integers whose last layers learn, for the exported models alone.
 */
extern const kiln_runner kiln_int8_learning;

/**
 * Opens a model in memory of `memory_bytes` bytes, at least MODEL_MEMORY_BYTES of the model's header,
 * aligned to KILN_ALIGNMENT. Looks at every bit of the model, so it takes a while. Model and memory
 * stay where they are for as long as the classifier is used. A model that learns begins with what it was
 * exported with.
 *
 * # Safety
 *
 * Pointers that are not null point to what their types say.
 */
enum kiln_status kiln_init(struct kiln_classifier *classifier,
                           const struct kiln_model *model,
                           uint32_t *memory,
                           size_t memory_bytes);

/**
 * Checks a model that comes from outside, such as by an update over the air, before it is opened: that all
 * of it fits together. One that is part of the program needs no such check.
 *
 * # Safety
 *
 * As of `kiln_init`.
 */
enum kiln_status kiln_check(const struct kiln_model *model);

/**
 * Classifies an image: MODEL_IMAGE_BYTES bytes, channel by channel, row by row. Leaves the number of its
 * class, of MODEL_CLASSES, in `class_index`.
 *
 * # Safety
 *
 * As of `kiln_init`.
 */
enum kiln_status kiln_classify(struct kiln_classifier *classifier,
                               const uint8_t *image,
                               size_t image_bytes,
                               size_t *class_index);

/**
 * Copies the outputs of the last image, MODEL_OUTPUTS numbers: a class's logit each, or for an int8 model the
 * number that the logit's code stands for.
 *
 * # Safety
 *
 * As of `kiln_init`.
 */
enum kiln_status kiln_outputs(const struct kiln_classifier *classifier,
                              float *outputs,
                              size_t output_count);

/**
 * What a status means, in English, in memory that is always there; null of a number that is none.
 */
const char *kiln_error_text(int32_t status);

/**
 * KILN_VERSION of the library that was linked.
 */
uint32_t kiln_version(void);

/**
 * Learns an image of a class, of MODEL_CLASSES, in place: one step of gradient descent, which takes `rate`
 * times the gradient, and `weight_decay` times each parameter, 0 for none, off the parameters that learn.
 * Leaves the loss before the step in `loss`, where that is not null. kiln_classify goes by what was learned;
 * kiln_init forgets it. After an error nothing has been learned.
 *
 * # Safety
 *
 * As of `kiln_init`.
 */
enum kiln_status kiln_train_step(struct kiln_classifier *classifier,
                                 const uint8_t *image,
                                 size_t image_bytes,
                                 size_t class_index,
                                 float rate,
                                 float weight_decay,
                                 float *loss);

/**
 * Writes what was learned into MODEL_SAVED_BYTES bytes, with a checksum and whose it is. It is the set that
 * Kiln's crate keeps in flash.
 *
 * # Safety
 *
 * As of `kiln_init`.
 */
enum kiln_status kiln_save(const struct kiln_classifier *classifier,
                           uint8_t *bytes,
                           size_t byte_count);

/**
 * Takes what kiln_save has written of the same model. After an error it is as it was.
 *
 * # Safety
 *
 * As of `kiln_init`.
 */
enum kiln_status kiln_load(struct kiln_classifier *classifier,
                           const uint8_t *bytes,
                           size_t byte_count);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* KILN_H */
