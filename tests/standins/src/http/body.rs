//! Answer bodies that arrive bit by bit, or not to their end.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::mpsc;

use super::fault::Gate;

/// How the bytes of a body are sent.
pub(super) enum Delivery {
    Whole,
    HalfThenGate(Gate),
    HalfThenCut,
    Drip(Duration),
    /// With so many bytes of filler put in at this place, made while they are sent.
    Filled(usize, u64),
}

impl Delivery {
    /// The `Content-Length` that is promised, kept or not.
    pub(super) fn length(&self, body: &[u8]) -> u64 {
        let length = body.len() as u64;
        if let Self::Filled(_, filler) = self {
            length + filler
        } else {
            length
        }
    }

    /// A body of these bytes: at once, or fed by a task of its own.
    pub(super) fn send(self, body: Vec<u8>) -> Piped {
        if let Self::Whole = self {
            return Piped::Whole(Some(body.into()));
        }
        let (feed, pipe) = mpsc::channel(1);
        tokio::spawn(async move {
            // An error here means that the client has gone.
            let _ = self.feed(body.into(), &feed).await;
        });
        Piped::Fed(pipe)
    }

    async fn feed(self, mut body: Bytes, feed: &Feed) -> Result<(), mpsc::error::SendError<Piece>> {
        match self {
            Self::Whole => feed.send(Ok(body)).await,
            Self::HalfThenGate(gate) => {
                let rest = body.split_off(body.len() / 2);
                feed.send(Ok(body)).await?;
                tokio::select! {
                    () = gate.passed() => feed.send(Ok(rest)).await,
                    () = feed.closed() => Ok(()),
                }
            }
            Self::HalfThenCut => {
                feed.send(Ok(body.split_to(body.len() / 2))).await?;
                // The channel holds one piece, so hyper has written the half before it learns that there is no more.
                feed.send(Err(CutShort)).await
            }
            Self::Drip(pause) => {
                while !body.is_empty() {
                    feed.send(Ok(body.split_to(1))).await?;
                    tokio::time::sleep(pause).await;
                }
                Ok(())
            }
            Self::Filled(place, mut filler) => {
                let rest = body.split_off(place.min(body.len()));
                feed.send(Ok(body)).await?;
                let block = Bytes::from(vec![b'A'; 64 * 1024]);
                while filler > 0 {
                    let length = usize::try_from(filler).unwrap_or(usize::MAX).min(block.len());
                    feed.send(Ok(block.slice(..length))).await?;
                    filler -= length as u64;
                }
                feed.send(Ok(rest)).await
            }
        }
    }
}

/// A body ends before its length: hyper gives the connection up.
#[derive(Debug)]
pub(super) struct CutShort;

impl std::fmt::Display for CutShort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer was to be cut short")
    }
}

impl std::error::Error for CutShort {}

type Piece = Result<Bytes, CutShort>;
type Feed = mpsc::Sender<Piece>;

/// The receiving end, as hyper reads it.
pub(super) enum Piped {
    Whole(Option<Bytes>),
    Fed(mpsc::Receiver<Piece>),
}

impl Body for Piped {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let piece = match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(Ok)),
            Self::Fed(pipe) => pipe.poll_recv(context),
        };
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
