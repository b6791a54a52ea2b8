"""Writes tests/pictures/turned.mp4: four frames of the sample `rocket.jpg`, filmed with the device held upright.

As phones do, it stores the frames as the sensor sees them, and says in the track's matrix how to turn them. It needs `av==18.1.0` and
`pillow` alone; FFmpeg's VP9, which is in that package, is read by every browser of the tests.
"""

import struct
from pathlib import Path

import av
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "public/samples/rocket.jpg"
VIDEO = ROOT / "tests/pictures/turned.mp4"
UPRIGHT = (96, 160)
FRAMES = 4
# ISO/IEC 14496-12, 8.3.2: the numbers of the matrix, which turns by 90 degrees clockwise, have 16
# bits behind the point, every third 30.
TURN_RIGHT = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)


def encode(frame: Image.Image) -> None:
    with av.open(VIDEO, "w", format="mp4") as file:
        stream = file.add_stream("libvpx-vp9", rate=10)
        stream.width, stream.height = frame.size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "30", "b": "0", "threads": "1"}
        for at in range(FRAMES):
            picture = av.VideoFrame.from_image(frame)
            picture.pts = at
            file.mux(stream.encode(picture))
        file.mux(stream.encode())


def turn() -> None:
    file = bytearray(VIDEO.read_bytes())
    header = file.index(b"tkhd") + len(b"tkhd")
    times = 32 if file[header] == 1 else 20
    matrix = header + 4 + times + 16
    assert struct.unpack(">i", file[matrix : matrix + 4]) == (1 << 16,)
    file[matrix : matrix + len(TURN_RIGHT)] = TURN_RIGHT
    VIDEO.write_bytes(file)


def main() -> None:
    sample = Image.open(SAMPLE).convert("RGB")
    width, height = UPRIGHT
    side = min(sample.width / width, sample.height / height)
    cut = sample.crop((0, 0, round(side * width), round(side * height))).resize(UPRIGHT, Image.Resampling.LANCZOS)
    encode(cut.transpose(Image.Transpose.ROTATE_90))
    turn()


if __name__ == "__main__":
    main()
