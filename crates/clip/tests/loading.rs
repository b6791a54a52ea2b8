//! How much memory it takes to load a model of the size that Cliplet is made for.

// The vocabulary is read from a disk.
#![cfg(not(target_arch = "wasm32"))]

mod common;
#[path = "common/memory.rs"]
mod memory;

use std::io::{self, Read, Seek, SeekFrom};

use cliplet_clip::{Arithmetic, Clip};
use common::gguf::{BOOL, F32, File, Tensor};
use memory::alone;

/// Numbers of tensor types in ggml.h.
const OF_F32: u32 = 0;
const OF_F16: u32 = 1;
const OF_Q8_0: u32 = 8;

/// A header, and behind it nothing but zeroes: which are weights, too, and need no memory.
struct Sparse {
    header: Vec<u8>,
    length: u64,
    position: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.position).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let buffer = &mut buffer[..wanted];
        buffer.fill(0);
        let header = self
            .header
            .get(self.position as usize..)
            .unwrap_or_default();
        let common = wanted.min(header.len());
        buffer[..common].copy_from_slice(&header[..common]);
        self.position += wanted as u64;
        Ok(wanted)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(offset) => self.position.saturating_add_signed(offset),
            SeekFrom::End(offset) => self.length.saturating_add_signed(offset),
        }
        .min(self.length);
        Ok(self.position)
    }
}

/// The file of a ViT-B/32 as clip.cpp writes it, with q8_0.
fn vit_b_32() -> Sparse {
    let mut file = File::new();
    file.set("clip.has_text_encoder", BOOL, vec![1]);
    file.set("clip.has_vision_encoder", BOOL, vec![1]);
    file.set("clip.use_gelu", BOOL, vec![1]);
    for (tower, [width, mlp, heads]) in [("text", [512, 2048, 8]), ("vision", [768, 3072, 12])] {
        file.set_u32(&format!("clip.{tower}.embedding_length"), width);
        file.set_u32(&format!("clip.{tower}.feed_forward_length"), mlp);
        file.set_u32(&format!("clip.{tower}.block_count"), 12);
        file.set_u32(&format!("clip.{tower}.projection_dim"), 512);
        file.set_u32(&format!("clip.{tower}.attention.head_count"), heads);
        file.set_f32(&format!("clip.{tower}.attention.layer_norm_epsilon"), 1e-5);
    }
    file.set_u32("clip.text.context_length", 77);
    file.set_u32("clip.vision.image_size", 224);
    file.set_u32("clip.vision.patch_size", 32);
    for key in ["clip.vision.image_mean", "clip.vision.image_std"] {
        let mut three = F32.to_le_bytes().to_vec();
        three.extend(3u64.to_le_bytes());
        three.extend([0.5f32; 3].iter().flat_map(|x| x.to_le_bytes()));
        file.set(key, common::gguf::ARRAY, three);
    }
    let vocabulary = common::fixture("tokens/clip-vocabulary.txt");
    let vocabulary = std::fs::read_to_string(vocabulary).unwrap();
    let tokens: Vec<&str> = vocabulary.lines().collect();
    file.set_strings("tokenizer.ggml.tokens", tokens.iter().copied());

    let mut length = 0;
    let mut tensor = |name: String, dims: &[u64], type_id: u32| {
        let elements: u64 = dims.iter().product();
        file.tensors.push(Tensor {
            name,
            dims: dims.to_vec(),
            type_id,
            offset: length,
        });
        let bytes = match type_id {
            OF_F32 => 4 * elements,
            OF_F16 => 2 * elements,
            _ => elements / 32 * 34,
        };
        length = (length + bytes).next_multiple_of(32);
    };
    for (tower, width, mlp) in [("t", 512, 2048), ("v", 768, 3072)] {
        for block in 0..12 {
            let mut linear = |name: &str, inputs: u64, outputs: u64| {
                let name = format!("{tower}.blk.{block}.{name}");
                tensor(format!("{name}.weight"), &[inputs, outputs], OF_Q8_0);
                tensor(format!("{name}.bias"), &[outputs], OF_F32);
            };
            for name in ["attn_q", "attn_k", "attn_v", "attn_out"] {
                linear(name, width, width);
            }
            linear("ffn_down", width, mlp);
            linear("ffn_up", mlp, width);
            for name in ["ln1", "ln2"] {
                for part in ["weight", "bias"] {
                    let name = format!("{tower}.blk.{block}.{name}.{part}");
                    tensor(name, &[width], OF_F32);
                }
            }
        }
    }
    for name in ["t.post_ln", "v.pre_ln", "v.post_ln"] {
        let width = if name.starts_with('t') { 512 } else { 768 };
        for part in ["weight", "bias"] {
            tensor(format!("{name}.{part}"), &[width], OF_F32);
        }
    }
    let rows = tokens.len() as u64;
    tensor("t.token_embd.weight".to_owned(), &[512, rows], OF_Q8_0);
    tensor("t.position_embd.weight".to_owned(), &[512, 77], OF_F32);
    tensor("text_projection.weight".to_owned(), &[512, 512], OF_Q8_0);
    tensor("v.class_embd".to_owned(), &[768], OF_F32);
    tensor("v.position_embd.weight".to_owned(), &[768, 50], OF_F32);
    tensor("v.patch_embd.weight".to_owned(), &[32, 32, 3, 768], OF_F16);
    tensor("visual_projection.weight".to_owned(), &[768, 512], OF_Q8_0);
    let header = file.write();
    Sparse {
        length: header.len() as u64 + length,
        header,
        position: 0,
    }
}

#[test]
fn hardly_more_is_in_memory_than_the_packed_model() {
    let _alone = alone();
    let mut file = vit_b_32();
    assert!(file.length > 150 << 20);
    let before = memory::in_use();
    let (clip, most) = memory::measured(|| Clip::read(&mut file, Arithmetic::Fast).unwrap());
    let model = memory::in_use() - before;
    assert!(clip.encode_text("a cat").is_ok());
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!(
        "{:.1} MiB of {:.1} MiB of a file, at most {:.1} MiB",
        mib(model),
        mib(file.length as usize),
        mib(most)
    );
    assert!(model as u64 >= file.length * 9 / 10, "{model}");
    assert!(
        most <= model + (32 << 20),
        "{:.1} MiB more",
        mib(most - model)
    );
}
