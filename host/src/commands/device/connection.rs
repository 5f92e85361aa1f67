//! A device to talk to: one at a port, or one in the emulator that is started and ended here.

use crate::boards::{self, BOARDS, Board};
use crate::emulator::{EmulatedProgram, EmulatedSerial, Emulation};
use crate::firmware::{CompilerProgress, Firmware, FirmwareSources, TrainingMemory};
use crate::link::{self, Description, LinkSession};
use crate::number;
use crate::output::{self, Output};
use crate::platform::{self, LocalListener, LocalStream};
use crate::weights::ModelBytes;
use anyhow::{Context, Result, bail, ensure};
use kiln_core::ModelFile;
use std::io;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Which device.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct ConnectionArguments {
    /// Board to emulate.
    #[arg(long, value_name = "NAME", value_parser = boards::parse_with("serve"), conflicts_with = "port",
        default_value = BOARDS[0].name,
        help = boards::help_with("Board to emulate; its firmware is built with the weights", "serve"))]
    board: Board,
    /// Serial port, pseudo-terminal or socket of a device that has the weights
    #[arg(long, value_name = "PATH")]
    port: Option<PathBuf>,
    /// Speed of the serial port
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u32>(1), value_name = "BAUD", default_value_t = 115_200)]
    baud: u32,
    /// Emulate this firmware, an ELF file, instead of building one, or build it from this folder, the
    /// folder firmware of Kiln's repository [default: KILN_FIRMWARE, or where it was when kiln was built]
    #[arg(long, value_name = "ELF|DIR", conflicts_with = "port")]
    firmware: Option<PathBuf>,
    /// Seconds without an answer before the device is asked again
    #[arg(long, allow_negative_numbers = true, value_parser = number::decimal::<f64>, value_name = "SECONDS", default_value_t = 5.0)]
    patience: f64,
}

/// A device that holds the model asked for.
pub struct Connection {
    /// The conversation with it.
    pub session: LinkSession,
    /// What it says of itself.
    pub device: Description,
    emulator: Option<Emulator>,
}

/// An emulated device: what ends with the connection.
struct Emulator {
    follower: JoinHandle<()>,
    stopper: crate::emulator::Stopper,
    /// QEMU reads it after it has connected.
    _firmware: Option<Firmware>,
    _folder: TempDir,
}

impl ConnectionArguments {
    /// Starts or opens the device, and makes sure that it holds the model.
    ///
    /// # Errors
    ///
    /// If there is no such device, it does not answer, or it holds another model.
    pub fn connect(
        &self,
        output: Output,
        bytes: &ModelBytes,
        training: Option<TrainingMemory>,
    ) -> Result<Connection> {
        ensure!(
            self.patience > 0.0 && self.patience <= 3600.0,
            "patience is {}; it must be above 0 and at most 3600 seconds",
            self.patience
        );
        ensure!(self.baud > 0, "baud is 0; it must be at least 1");
        let patience = Duration::from_secs_f64(self.patience);
        let (stream, emulator) = match &self.port {
            Some(port) => {
                let name = || {
                    let port = port.display();
                    format!("--port {port}: no serial port, pseudo-terminal or socket to open")
                };
                (link::open(port, self.baud).with_context(name)?, None)
            }
            None => {
                let (stream, emulator) = self.emulate(output, bytes, training)?;
                (stream, Some(emulator))
            }
        };
        let mut connection = Connection {
            session: LinkSession::new(stream, patience),
            device: Description {
                board: String::new(),
                tick_unit: String::new(),
                model_crc: 0,
                model_len: 0,
                stored: 0,
            },
            emulator,
        };
        connection.device = connection.session.hello()?;
        check_model(&connection.device, bytes)?;
        Ok(connection)
    }

    fn emulate(
        &self,
        output: Output,
        bytes: &ModelBytes,
        training: Option<TrainingMemory>,
    ) -> Result<(Box<dyn link::LinkStream>, Emulator)> {
        let given = self.firmware.as_deref().filter(|path| !path.is_dir());
        let built = match given {
            Some(_) => None,
            None => Some(self.build(output, bytes, training)?),
        };
        let path = built.as_ref().map(Firmware::path);
        let path = path.or(given).context("no firmware")?;
        let program = EmulatedProgram::read(path).with_context(|| path.display().to_string())?;
        let board = match given {
            Some(_) => program.board().unwrap_or(self.board),
            None => self.board,
        };
        let folder = tempfile::tempdir()?;
        let (listener, place) = platform::listen(folder.path())?;
        let mut emulation = Emulation::start(&program, board, EmulatedSerial::Socket(&place))?;
        let stopper = emulation.stopper();
        let interrupted = stopper.clone();
        platform::watch_end(move || {
            interrupted.stop();
            std::process::exit(INTERRUPTED);
        })?;
        let follower = thread::spawn(move || {
            let followed = emulation.follow(&program, |line| {
                output::error(line.strip_prefix("error: ").unwrap_or(line));
                Ok(())
            });
            if let Err(error) = followed {
                output::error(&error.to_string());
            }
        });
        let emulator = Emulator {
            follower,
            stopper,
            _firmware: built,
            _folder: folder,
        };
        let stream = emulator.accept(&listener)?;
        Ok((link::from_socket(stream)?, emulator))
    }
    /// Builds the firmware, and says from what and how long that takes.
    fn build(
        &self,
        output: Output,
        bytes: &ModelBytes,
        training: Option<TrainingMemory>,
    ) -> Result<Firmware> {
        let progress = match output.is_json() {
            true => CompilerProgress::Hidden,
            false => CompilerProgress::Shown,
        };
        let sources = FirmwareSources::find(self.firmware.as_deref(), progress)?;
        let (folder, origin) = (sources.folder().display(), sources.origin());
        let name = self.board.name;
        output.item(
            "firmware",
            format_args!("building it for {name} from {folder} ({origin})"),
        )?;
        output.item(
            "",
            "a first build takes some 3 minutes, later ones a fraction of one",
        )?;
        Ok(sources.build_server(self.board, bytes, training)?)
    }
}

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;
/// How long the emulator may take to start.
const START: Duration = Duration::from_secs(10);

impl Emulator {
    /// Waits for the emulator to connect.
    fn accept(&self, listener: &LocalListener) -> Result<LocalStream> {
        listener.set_nonblocking(true)?;
        let start = Instant::now();
        while start.elapsed() < START && !self.follower.is_finished() {
            match listener.accept() {
                Ok((stream, _)) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the emulator did not start; run the firmware with kiln emulate to see why")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

impl Connection {
    /// Tells the device that it is done, and lets an emulated one end.
    ///
    /// # Errors
    ///
    /// If the device does not answer.
    pub fn finish(mut self) -> Result<()> {
        self.session.finish()?;
        drop(self.session);
        if let Some(emulator) = self.emulator.take() {
            let start = Instant::now();
            while !emulator.follower.is_finished() && start.elapsed() < START {
                thread::sleep(Duration::from_millis(2));
            }
        }
        Ok(())
    }
}

fn check_model(device: &Description, bytes: &ModelBytes) -> Result<()> {
    let content = bytes.as_slice();
    let crc = content.last_chunk().copied().map_or(0, u32::from_le_bytes);
    let length = ModelFile::length(content)?;
    ensure!(
        device.model_crc == crc && device.model_len as usize == length,
        "the device holds another model (CRC-32 {:08x}, {} bytes, not {crc:08x}, {length} bytes); \
         flash it with this one",
        device.model_crc,
        device.model_len
    );
    Ok(())
}
