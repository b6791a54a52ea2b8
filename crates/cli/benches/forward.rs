//! How many pictures a second the image tower encodes, from pixels that are ready in memory:
//! `forward MODEL PIXELS SECONDS BATCH...` tries each size of batch for so long, and prints the
//! best rate. `tools/time_native.py` runs it beside Cliplet's rivals.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::thread;
use std::time::Instant;

use cliplet_clip::gguf::Gguf;
use cliplet_clip::{Arithmetic, ImageEncoder};
use rayon::{ThreadPool, ThreadPoolBuilder};

fn main() -> Result<(), Box<dyn Error>> {
    // cargo adds an option of its own.
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let [model, pixels, seconds, batches @ ..] = &arguments[..] else {
        println!("usage: forward MODEL PIXELS SECONDS BATCH...");
        return Ok(());
    };
    let seconds: f64 = seconds.parse()?;
    let mut file = File::open(model)?;
    let encoder = ImageEncoder::read(&mut Gguf::open(&mut file)?, Arithmetic::Fast)?;
    let side = encoder.config().image_size;
    let numbers: Vec<f32> = fs::read(pixels)?
        .as_chunks()
        .0
        .iter()
        .map(|&number| f32::from_le_bytes(number))
        .collect();
    let pictures: Vec<Vec<f32>> = numbers
        .chunks_exact(3 * side * side)
        .map(<[f32]>::to_vec)
        .collect();
    // As `cliplet embed` does it: each thread has pictures of its own.
    let lanes: Vec<ThreadPool> = (0..rayon::current_num_threads())
        .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
        .collect::<Result<_, _>>()?;
    let mut best = 0f64;
    for batch in batches {
        let batch: usize = batch.parse()?;
        let started = Instant::now();
        let rates: Vec<f64> = thread::scope(|scope| {
            let lanes: Vec<_> = lanes
                .iter()
                .map(|lane| {
                    let (encoder, pictures) = (&encoder, &pictures);
                    let one_after_the_other = move || {
                        let mut done = 0;
                        while started.elapsed().as_secs_f64() < seconds {
                            let begin = done % (pictures.len() - batch + 1);
                            encoder
                                .encode_batch(&pictures[begin..begin + batch])
                                .expect("the pictures are as large as the model wants them");
                            done += batch;
                        }
                        done as f64 / started.elapsed().as_secs_f64()
                    };
                    scope.spawn(move || lane.install(one_after_the_other))
                })
                .collect();
            let joined = lanes.into_iter().map(|lane| lane.join());
            joined.map(|rate| rate.expect("no lane panics")).collect()
        });
        let rate: f64 = rates.iter().sum();
        eprintln!("batches of {batch}: {rate:.1} a second");
        best = best.max(rate);
    }
    println!("{{\"per_second\": {best}}}");
    Ok(())
}
