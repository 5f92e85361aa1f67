//! Devices that are not as they should be: they say nothing, take nothing, call themselves something else
//! than text, or compute wrong. What they are is played here, at a socket or a pseudo-terminal.

use crate::support::Workspace;
use host::link::{LinkError, LinkSession, from_socket, open};
use host::weights::ModelBytes;
use kiln_core::link::{
    Decoder, Device, Footprint, Frame, LINK_VERSION, Refusal, Request, Response, StorageState,
    Usage, encode, encoded_len, parse,
};
use kiln_core::{ModelFile, ModelParts, ModelTask, Network, Scaling};
use serialport::{SerialPort, TTYPort};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const NETWORK: Network = Network::input(1, 12, 12).linear(2);
/// A title for the window, a colour, and what turns the direction of writing.
const BOARD: &str = "mps2\u{1b}]0;owned\u{7}\u{202e}";
const UNIT: &str = "ti\u{1b}[31mcks\n";
const EVALUATE: &str =
    "device evaluate --dataset bars --weights model.kiln --port port --patience 0.05";
/// More than any wait here takes.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(20);

/// A workspace with ten images and a model for them.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 5);
    let parts = ModelParts {
        task: ModelTask::Classification,
        network: &NETWORK,
        scaling: &Scaling::uniform(1, 1.0, 0.0).unwrap(),
        class_names: &["class0", "class1"],
        notes: "",
        parameters: &[0.001; NETWORK.parameters()],
    };
    let bytes = ModelBytes::encode(&parts).unwrap();
    workspace.write("model.kiln", bytes.as_slice());
    workspace
}

/// Plays a device that holds the model, with its words and with logits that are all 7, until nothing more
/// is asked.
fn play(mut line: UnixStream, model: &[u8]) {
    let mut decoder = Box::new(Decoder::<4096>::new());
    let mut bytes = [0; 512];
    while let Ok(count @ 1..) = line.read(&mut bytes) {
        for byte in &bytes[..count] {
            let Some(Ok(payload)) = decoder.push(*byte) else {
                continue;
            };
            let Frame { sequence, body } = parse::<Request<'_>>(payload).unwrap();
            let body = answer(body, model);
            let mut buffer = vec![0; encoded_len(2048)];
            let frame = encode(&Frame { sequence, body }, &mut buffer).unwrap();
            line.write_all(frame).unwrap();
        }
    }
}

fn answer<'a>(request: Request<'_>, model: &[u8]) -> Response<'a> {
    const LOGITS: [u8; 8] = [0, 0, 0xE0, 0x40, 0, 0, 0xE0, 0x40];
    const PARAMETERS: [u8; 1024] = [0; 1024];
    match request {
        Request::Hello => Response::Device(Device {
            version: LINK_VERSION,
            board: BOARD,
            tick_unit: UNIT,
            model_crc: u32::from_le_bytes(*model.last_chunk().unwrap()),
            model_len: ModelFile::length(model).unwrap() as u32,
            stored: 0,
        }),
        Request::Infer(_) => Response::Logits {
            ticks: 3,
            logits: &LOGITS,
        },
        Request::Usage => Response::Usage(Usage {
            arena: 1,
            stack: 2,
            heap: 3,
            damaged: 4,
        }),
        Request::Finish => Response::Finished,
        Request::Configure(_) => Response::Configured(Footprint {
            parameters: 1,
            gradient: 2,
            velocity: 3,
            arena: 4,
            winners: 5,
        }),
        Request::Train(_) => Response::Trained {
            ticks: 3,
            loss: 1.0,
            correct: true,
        },
        Request::Parameters { count, .. } => {
            Response::Parameters(&PARAMETERS[..4 * usize::from(count)])
        }
        Request::Store => Response::Stored { number: 7 },
        Request::Storage => Response::Storage(StorageState {
            number: 6,
            erases: 3,
            is_damaged: true,
        }),
        _ => Response::Refused(Refusal::Unknown),
    }
}

/// What a command prints on both streams and exits with, beside a device that is played.
fn beside_device(workspace: &Workspace, command: &str) -> (String, Option<i32>) {
    let model = std::fs::read(workspace.path("model.kiln")).unwrap();
    let listener = UnixListener::bind(workspace.path("port")).unwrap();
    let device = thread::spawn(move || play(listener.accept().unwrap().0, &model));
    let output = workspace.kiln(command).timeout(LONG).output().unwrap();
    device.join().unwrap();
    std::fs::remove_file(workspace.path("port")).unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (String::from_utf8(printed).unwrap(), output.status.code())
}

#[test]
fn what_a_device_calls_itself_is_printed_escaped() {
    let workspace = workspace();
    for json in ["", " --json"] {
        let (printed, _) = beside_device(&workspace, &format!("{EVALUATE}{json}"));
        let hidden = |own: char| own != '\n' && own.is_control() || own == '\u{202e}';
        assert!(!printed.contains(hidden), "{printed:?}");
        for shown in ["1b}]0;owned", "1b}[31mcks"] {
            let shown = match json {
                "" => shown.into(),
                _ => shown.replace("1b}", "u001b"),
            };
            assert!(printed.contains(&shown), "{printed}");
        }
    }
}

#[test]
fn a_device_that_computes_wrong_fails_the_check_and_passes_where_that_is_allowed() {
    let workspace = workspace();
    for (arguments, code) in [("", 1), (" --allow-unequal", 0)] {
        let (printed, found) = beside_device(&workspace, &format!("{EVALUATE}{arguments}"));
        assert_eq!(found, Some(code), "{printed}");
        assert!(
            printed.contains("0 of 10 equal the desktop's to the bit"),
            "{printed}"
        );
        assert_eq!(printed.contains("error: "), code == 1, "{printed}");
    }
}

#[test]
fn a_damaged_half_of_a_storage_and_its_wear_are_told() {
    let workspace = workspace();
    let train = "device train --dataset bars --weights model.kiln --port port --stored --store \
                 --allow-unequal --limit 2 --test 0";
    let (printed, code) = beside_device(&workspace, train);
    assert_eq!(code, Some(0), "{printed}");
    for told in [
        "one half was damaged: it went on from number 6 in the other",
        "on the device, number 7",
        "erased 3 times each at most",
    ] {
        assert!(printed.contains(told), "{printed}");
    }
}

/// A peer that is connected and never reads, at its path.
fn silent_socket(workspace: &Workspace) -> UnixListener {
    UnixListener::bind(workspace.path("port")).unwrap()
}

#[test]
fn a_device_that_says_nothing_ends_the_command_with_a_message() {
    let workspace = workspace();
    let _listener = silent_socket(&workspace);
    let start = Instant::now();
    workspace.refuses(EVALUATE, &["the device does not answer", "20 times"]);
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[test]
fn those_who_take_no_connection_end_the_command_with_a_message() {
    let workspace = workspace();
    let listener = silent_socket(&workspace);
    rustix::net::listen(&listener, 0).unwrap();
    // As many as the system keeps for a listener that takes none.
    let _waiting: Vec<UnixStream> = (0..4)
        .map_while(|_| connect_at_once(&workspace.path("port")))
        .collect();
    workspace.refuses(EVALUATE, &["port", "take no connection"]);
}

/// A connection where it does not have to be waited for.
fn connect_at_once(path: &Path) -> Option<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
    let address = SocketAddrUnix::new(path).unwrap();
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::NONBLOCK, None).unwrap();
    rustix::net::connect(&socket, &address).ok()?;
    Some(socket.into())
}

/// Checks that an image that is never read at the other end is not waited for without end.
fn is_given_up(mut session: LinkSession) {
    let start = Instant::now();
    let error = session.infer(&vec![1; 1 << 20]).unwrap_err();
    assert!(matches!(error, LinkError::Deaf(20)), "{error}");
    assert!(error.to_string().contains("takes no bytes"), "{error}");
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[test]
fn a_socket_whose_peer_stops_reading_is_given_up() {
    let (near, _far) = UnixStream::pair().unwrap();
    is_given_up(LinkSession::new(from_socket(near).unwrap(), SHORT));
}

#[test]
fn a_pseudo_terminal_that_nobody_reads_is_given_up() {
    let (_near, far) = TTYPort::pair().unwrap();
    let path = far.name().unwrap();
    drop(far);
    let stream = open(Path::new(&path), 115_200).unwrap();
    is_given_up(LinkSession::new(stream, SHORT));
}

#[test]
fn a_peer_that_ends_the_connection_is_told_so() {
    let (near, far) = UnixStream::pair().unwrap();
    drop(far);
    let mut session = LinkSession::new(from_socket(near).unwrap(), SHORT);
    let error = session.hello().unwrap_err();
    assert!(matches!(error, LinkError::Closed), "{error}");
}

#[test]
fn a_peer_that_never_stops_talking_is_given_up() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let talking = thread::spawn(move || while far.write_all(&[7; 4096]).is_ok() {});
    let mut session = LinkSession::new(from_socket(near).unwrap(), SHORT);
    let error = session.hello().unwrap_err();
    assert!(matches!(error, LinkError::Silent(20)), "{error}");
    drop(session);
    talking.join().unwrap();
}
