use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use slipway_model::Digest;
use tar::{Builder, EntryType, Header};

use super::error::BuildError;
use super::files::{Entry, Node};
use crate::{Descriptor, media};

/// gzip's byte for an operating system that is not said.
const OS_UNKNOWN: u8 = 255;
const LEVEL: u32 = 6;

/// A layer in a file, as it is sent.
#[derive(Debug)]
pub struct BuiltLayer {
    /// Type, digest and size of what is sent (gzip).
    pub descriptor: Descriptor,
    /// Digest of the archive inside of it, by which the image's configuration names it.
    pub diff_id: Digest,
    /// The file.
    pub file: PathBuf,
}

/// Writes the entries as a layer into `file`, and hashes it on the way. Everything that differs between machines and days is
/// left out: owners, times, names of owners, and of the mode all but whether a file may be started.
pub(super) fn write(entries: &[Entry], file: &Path) -> Result<BuiltLayer, BuildError> {
    let failed = |cause: io::Error| BuildError::Write { path: file.to_owned(), cause };
    let sent = Hashing::new(BufWriter::new(File::create(file).map_err(failed)?));
    let gzip = GzBuilder::new().mtime(0).operating_system(OS_UNKNOWN).write(sent, Compression::new(LEVEL));
    let mut archive = Builder::new(Hashing::new(gzip));
    for entry in entries {
        append(&mut archive, entry, file)?;
    }
    let (gzip, diff_id, _) = archive.into_inner().map_err(failed)?.finish();
    let (mut sent, digest, size) = gzip.finish().map_err(failed)?.finish();
    sent.flush().map_err(failed)?;
    Ok(BuiltLayer { descriptor: Descriptor::new(media::LAYER_GZIP, digest, size), diff_id, file: file.to_owned() })
}

fn append(archive: &mut Builder<impl Write>, entry: &Entry, file: &Path) -> Result<(), BuildError> {
    let failed = |cause: io::Error| BuildError::Write { path: file.to_owned(), cause };
    let mut header = Header::new_ustar();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header.set_mode(0o755);
    match &entry.node {
        Node::Folder => {
            header.set_entry_type(EntryType::Directory);
            archive.append_data(&mut header, format!("{}/", entry.path), io::empty()).map_err(failed)
        }
        Node::Link { target } => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            archive.append_link(&mut header, &entry.path, target).map_err(failed)
        }
        Node::File { source, size, executable } => {
            let unreadable = |cause: io::Error| BuildError::Read { path: source.clone(), cause };
            header.set_entry_type(EntryType::Regular);
            header.set_size(*size);
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            let content = File::open(source).map_err(unreadable)?;
            let mut content = Exactly { inner: content, left: *size };
            archive.append_data(&mut header, &entry.path, &mut content).map_err(|cause| match cause.kind() {
                io::ErrorKind::UnexpectedEof => unreadable(cause),
                _ => failed(cause),
            })
        }
    }
}

/// As many bytes as the header says: a file that changes meanwhile would make an archive that nobody can read.
struct Exactly<R> {
    inner: R,
    left: u64,
}

impl<R: io::Read> io::Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Hashes and counts what passes.
struct Hashing<W> {
    inner: W,
    sum: Sha256,
    count: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self { inner, sum: Sha256::new(), count: 0 }
    }

    fn finish(self) -> (W, Digest, u64) {
        (self.inner, Digest::from_sha256(self.sum.finalize().into()), self.count)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.sum.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
