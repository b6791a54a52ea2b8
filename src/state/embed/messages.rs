//! What the frame says to the page around it. `embed.js` makes events of it, which `embed.d.ts`
//! describes.
//!
//! Nothing here can hold a picture, a file's name, or anything else of a reader's but labels and
//! phrases.

use serde::Serialize;

/// One message, as JSON: `{"type": "result", "detail": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "detail", rename_all = "lowercase")]
pub enum ToHost {
    /// The frame is drawn.
    Shown {},
    /// A model answers.
    Ready {
        /// Its id.
        model: String,
        /// It only stands in for a better one.
        preview: bool,
    },
    /// Something takes a while.
    Progress(Progress),
    /// There are scores of a picture.
    Result(Scored),
    /// Pictures are in the order in which they fit a phrase.
    #[serde(rename = "result")]
    Found(Found),
    /// Something went wrong.
    Error {
        /// What it is about.
        code: Code,
        /// A sentence.
        message: String,
        /// Nothing can be scored.
        fatal: bool,
    },
    /// The page around is asked for the bytes of a picture that it has given and that lies at its
    /// own host.
    Picture {
        /// Which.
        url: String,
    },
}

/// What something that went wrong is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Code {
    /// The engine does not run.
    Engine,
    /// A model does not come, or cannot be read.
    Model,
    /// A picture cannot be fetched, read or scored.
    Image,
    /// What the host has set cannot be used.
    Settings,
    /// The camera gives no pictures.
    Camera,
}

/// How far something is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// What is under way.
    pub stage: Stage,
    /// The id of the model that it is about, if it is about one.
    pub model: Option<String>,
    /// Bytes or labels that are there.
    pub loaded: u64,
    /// Bytes or labels in all, where known.
    pub total: Option<u64>,
}

/// What takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// A model's bytes are arriving.
    Fetching,
    /// Its server does not answer, and is asked again.
    Retrying,
    /// Another frame or tab is fetching it.
    Waiting,
    /// It is read into memory.
    Opening,
    /// Labels are read.
    Labels,
}

/// Scores of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// `classify` or `camera`.
    pub mode: &'static str,
    /// The picture's address, if it is one that the host has given.
    pub image: Option<String>,
    /// The id of the model that gave them.
    pub model: String,
    /// It only stands in for a better one.
    pub preview: bool,
    /// Best first.
    pub labels: Vec<Label>,
}

/// A label's score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// The label.
    pub label: String,
    /// From 0 to 1; the scores of a picture add up to 1.
    pub score: f32,
    /// Cosine of the picture's and the prompt's embedding, from -1 to 1.
    pub cosine: f32,
}

/// Pictures and how well a phrase fits each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// `search`.
    pub mode: &'static str,
    /// The phrase.
    pub query: String,
    /// The id of the model that compared them.
    pub model: String,
    /// It only stands in for a better one.
    pub preview: bool,
    /// Best first.
    pub images: Vec<Image>,
}

/// A picture that the host has given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Image {
    /// Its address.
    pub image: String,
    /// Cosine of its and the prompt's embedding, from -1 to 1.
    pub cosine: f32,
}

impl ToHost {
    /// As it is sent.
    pub fn to_json(&self) -> String {
        // Texts and finite numbers always have a JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_written_as_embed_js_reads_them() {
        assert_eq!(
            ToHost::Shown {}.to_json(),
            r#"{"type":"shown","detail":{}}"#
        );
        let progress = ToHost::Progress(Progress {
            stage: Stage::Fetching,
            model: Some("m".to_owned()),
            loaded: 1,
            total: None,
        });
        assert_eq!(
            progress.to_json(),
            r#"{"type":"progress","detail":{"stage":"fetching","model":"m","loaded":1,"total":null}}"#
        );
        let found = ToHost::Found(Found {
            mode: "search",
            query: "a \"dog\"</script>".to_owned(),
            model: "m".to_owned(),
            preview: true,
            images: vec![Image {
                image: "https://example.com/a.png".to_owned(),
                cosine: 0.25,
            }],
        });
        assert_eq!(
            found.to_json(),
            r#"{"type":"result","detail":{"mode":"search","query":"a \"dog\"</script>","model":"m","preview":true,"images":[{"image":"https://example.com/a.png","cosine":0.25}]}}"#
        );
        let error = ToHost::Error {
            code: Code::Settings,
            message: "No.".to_owned(),
            fatal: false,
        };
        assert_eq!(
            error.to_json(),
            r#"{"type":"error","detail":{"code":"settings","message":"No.","fatal":false}}"#
        );
    }
}
