//! What can be wrong with a tensor of an ONNX file.

/// What is wrong with a tensor.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFault {
    /// The values are in another file.
    #[error("is in another file; export it again with external_data=False")]
    External,
    /// The other file is not in the folder of the first.
    #[error(
        "is in a file named {file:?}, which leads out of the folder of the ONNX file; put it into that \
         folder under a plain name, or export the network again with external_data=False"
    )]
    ExternalName {
        /// Its name.
        file: String,
    },
    /// The other file cannot be read.
    #[error(
        "is in the file {file:?} beside the ONNX file, which cannot be read: {cause}; copy both files, or \
         export the network again with external_data=False"
    )]
    ExternalUnreadable {
        /// Its name.
        file: String,
        /// What the operating system said.
        cause: String,
    },
    /// The other file ends before the values do.
    #[error(
        "needs {needed} bytes of the file {file:?}, which has {found}: it is cut short, or that of another \
         network; copy it again"
    )]
    ExternalShort {
        /// Its name.
        file: String,
        /// Bytes there are.
        found: u64,
        /// Bytes up to the end of the values.
        needed: u64,
    },
    /// A place in the other file that no tensor has.
    #[error(
        "says a place in the file {file:?} that does not fit its shape, or is too large for import; \
         export the network again"
    )]
    ExternalPlace {
        /// Its name.
        file: String,
    },
    /// Numbers of another kind.
    #[error(
        "holds numbers of ONNX's kind {found}, but {expected} are needed; export it as float32"
    )]
    Kind {
        /// The number of the kind.
        found: i32,
        /// The kind needed.
        expected: &'static str,
    },
    /// Numbers of another kind than codes are of.
    #[error("holds numbers of ONNX's kind {found}, but int8 or uint8 (biases: int32) are needed")]
    Codes {
        /// The number of the kind.
        found: i32,
    },
    /// More or fewer values than its shape says.
    #[error("has {found} values, but is {shape}; the file is damaged")]
    Length {
        /// Values there are.
        found: usize,
        /// Its extents.
        shape: String,
    },
    /// A shape that does not fit.
    #[error("is {found}, but {expected} is needed")]
    Shape {
        /// Its extents.
        found: String,
        /// What fits.
        expected: String,
    },
}
