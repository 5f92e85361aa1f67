//! A network as bytes: its input shape and the list of its layers, no more than there are.

use super::{MAX_LAYERS, Network};
use crate::{Layer, Shape};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct};

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Network", 2)?;
        record.serialize_field("input", &self.input)?;
        record.serialize_field("layers", self.layers())?;
        record.end()
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Network")]
        struct Record {
            input: Shape,
            layers: heapless::Vec<Layer, MAX_LAYERS>,
        }
        let record = Record::deserialize(deserializer)?;
        let Shape {
            channels,
            height,
            width,
        } = record.input;
        Ok(record
            .layers
            .iter()
            .fold(Self::input(channels, height, width), |network, layer| {
                network.layer(*layer)
            }))
    }
}
