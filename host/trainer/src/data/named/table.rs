//! What is known of each dataset: its files, their sizes and hashes, and who has them.
//!
//! Sizes and SHA-256 are those that TensorFlow Datasets checks its own downloads of the same files
//! against: `tensorflow_datasets/url_checksums/{mnist,fashion_mnist,cifar10,cifar100}.txt`. A mirror
//! need not be trusted, then; those without TLS come last.

use super::super::cifar;
use super::{Format, NamedDataset, RemoteFile};

pub(super) const ALL: [NamedDataset; 4] = [
    NamedDataset {
        name: "mnist",
        title: "MNIST",
        files: &[
            RemoteFile {
                name: "train-images-idx3-ubyte.gz",
                length: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            },
            RemoteFile {
                name: "train-labels-idx1-ubyte.gz",
                length: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            },
            RemoteFile {
                name: "t10k-images-idx3-ubyte.gz",
                length: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            },
            RemoteFile {
                name: "t10k-labels-idx1-ubyte.gz",
                length: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            },
        ],
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ],
        format: Format::Idx { classes: None },
        embedded: true,
    },
    NamedDataset {
        name: "fashion-mnist",
        title: "Fashion-MNIST",
        files: &[
            RemoteFile {
                name: "train-images-idx3-ubyte.gz",
                length: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            },
            RemoteFile {
                name: "train-labels-idx1-ubyte.gz",
                length: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            },
            RemoteFile {
                name: "t10k-images-idx3-ubyte.gz",
                length: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            },
            RemoteFile {
                name: "t10k-labels-idx1-ubyte.gz",
                length: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            },
        ],
        // Keras fetches the same four files from the first; the last is its authors' own.
        mirrors: &[
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ],
        format: Format::Idx {
            classes: Some(&[
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ]),
        },
        embedded: false,
    },
    NamedDataset {
        name: "cifar10",
        title: "CIFAR-10",
        files: &[RemoteFile {
            name: cifar::TEN.archive,
            length: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        }],
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        format: Format::Cifar(&cifar::TEN),
        embedded: false,
    },
    NamedDataset {
        name: "cifar100",
        title: "CIFAR-100",
        files: &[RemoteFile {
            name: cifar::HUNDRED.archive,
            length: 168_513_733,
            sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        }],
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        format: Format::Cifar(&cifar::HUNDRED),
        embedded: false,
    },
];
