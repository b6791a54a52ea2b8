#!/bin/sh
# Puts right files where the fuzzer looks for what to begin with.
set -eu
cd "$(dirname "$0")"
fixtures=../crates/clip/tests/fixtures open_clip=../crates/cli/tests/fixtures/open_clip
for target in gguf safetensors tokenizer pickle picture; do mkdir -p "corpus/$target"; done
cp "$fixtures"/golden/*.gguf corpus/gguf
cp "$fixtures"/hugging_face/f32-old/model.safetensors "$open_clip"/plain/open_clip_model.safetensors corpus/safetensors
cp "$fixtures"/hugging_face/f32-old/tokenizer.json corpus/tokenizer
cp ../crates/hostile/seeds/*.pkl "$open_clip"/pickle/pytorch_model.bin "$open_clip"/training/epoch_1.pt corpus/pickle
for picture in ../tests/pictures/*; do
    case $picture in *.jpg | *.png | *.webp | *.gif | *.bmp | *.tif | *.tiff) cp "$picture" corpus/picture ;; esac
done
