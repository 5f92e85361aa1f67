//! What the functions answer.

use core::ffi::CStr;
use kiln_core::StoredError;

/// What came of a call: 0 where all went well.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// A pointer is null.
    Null = 1,
    /// A pointer is not aligned as its type is, or memory not to KILN_ALIGNMENT bytes.
    Misaligned = 2,
    /// Less memory than the model needs: MODEL_MEMORY_BYTES of its header.
    Memory = 3,
    /// The words are not a model's.
    NoModel = 4,
    /// The model, or what was saved, is of a version that this library does not know.
    Version = 5,
    /// The model has fewer or more words than it says.
    ModelLength = 6,
    /// The model is damaged.
    Damaged = 7,
    /// The model was arranged for another processor.
    Processor = 8,
    /// The model's table of kernels has not one for each step.
    Kernels = 9,
    /// The image has not as many bytes as MODEL_IMAGE_BYTES.
    ImageLength = 10,
    /// As many outputs are asked for as the model does not give.
    OutputLength = 11,
    /// kiln_init has not been called, or failed.
    NotReady = 12,
    /// Nothing has been classified yet.
    NoOutputs = 13,
    /// The model was exported without --train.
    NotLearning = 14,
    /// The class is not below MODEL_CLASSES.
    ClassIndex = 15,
    /// A rate that is not above 0, a weight decay below 0, or either not finite.
    Rate = 16,
    /// A loss that is not finite, of which nothing has been learned; or parameters that are not, which are not
    /// worth saving.
    NotFinite = 17,
    /// Fewer bytes than MODEL_SAVED_BYTES.
    SavedLength = 18,
    /// The bytes are not what kiln_save has written.
    SavedDamaged = 19,
    /// What was saved is another model's, or of other layers.
    SavedOfAnother = 20,
}

impl Status {
    /// The status in English.
    pub fn text(self) -> &'static CStr {
        match self {
            Self::Ok => c"done",
            Self::Null => c"a pointer is null",
            Self::Misaligned => c"a pointer is not aligned",
            Self::Memory => c"too little memory: see MODEL_MEMORY_BYTES in the model's header",
            Self::NoModel => c"these are not a model's words",
            Self::Version => c"the model, or what was saved, is newer than this library",
            Self::ModelLength => c"the model has another length than it says",
            Self::Damaged => c"the model is damaged; flash it again",
            Self::Processor => c"the model was compiled for another processor than the library",
            Self::Kernels => c"the model's table of kernels is not its own",
            Self::ImageLength => c"the image has another length than MODEL_IMAGE_BYTES",
            Self::OutputLength => c"the model has another number of outputs",
            Self::NotReady => c"call kiln_init first, and look at what it returns",
            Self::NoOutputs => c"nothing has been classified yet",
            Self::NotLearning => c"the model does not learn; export it with --train",
            Self::ClassIndex => c"the class is not below MODEL_CLASSES",
            Self::Rate => c"the rate must be above 0, the weight decay at least 0, both finite",
            Self::NotFinite => c"what is learned is not finite; lower the rate, or call kiln_init",
            Self::SavedLength => c"fewer bytes than MODEL_SAVED_BYTES",
            Self::SavedDamaged => c"the bytes are damaged, or not what kiln_save wrote",
            Self::SavedOfAnother => c"what was saved is another model's, or of other layers",
        }
    }

    /// The status of a number that C holds, whatever it is.
    pub fn of_number(number: i32) -> Option<Self> {
        const ALL: [Status; 21] = [
            Status::Ok,
            Status::Null,
            Status::Misaligned,
            Status::Memory,
            Status::NoModel,
            Status::Version,
            Status::ModelLength,
            Status::Damaged,
            Status::Processor,
            Status::Kernels,
            Status::ImageLength,
            Status::OutputLength,
            Status::NotReady,
            Status::NoOutputs,
            Status::NotLearning,
            Status::ClassIndex,
            Status::Rate,
            Status::NotFinite,
            Status::SavedLength,
            Status::SavedDamaged,
            Status::SavedOfAnother,
        ];
        ALL.get(usize::try_from(number).ok()?).copied()
    }
}

impl From<StoredError> for Status {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::NoModel => Self::NoModel,
            StoredError::Version { .. } => Self::Version,
            StoredError::Length { .. } => Self::ModelLength,
            StoredError::Target => Self::Processor,
            _ => Self::Damaged,
        }
    }
}
