"""What each corpus is: where its files are, how to know that they are right, and how to read them.

A sha256 stands here only where one is published, so that the first download is already checked. Where none
is, corpuskit keeps the first download's digest in its cache and compares every later download with it; such
a file has one URL, at its official host, and where the host keeps revisions the URL names one. A file with
a sha256 may also come from mirrors, by plain HTTP too: whoever serves it, other bytes are refused.
"""

from __future__ import annotations

from corpuskit import RemoteFile, SourceSpec

_MAHONEY = "mattmahoney.net/dc"
_DEEPAI = "https://data.deepai.org"
_SMERITY = "https://wikitext.smerity.com"
_METAMIND = "https://s3.amazonaws.com/research.metamind.io/wikitext"
_GGML = "https://huggingface.co/datasets/ggml-org/ci/resolve/main"


def _hub(dataset: str, revision: str, path: str, *, host: str = "huggingface.co") -> str:
    """The URL of a file in a dataset on the Hugging Face Hub, at a revision that can never change."""
    return f"https://{host}/datasets/{dataset}/resolve/{revision}/{path}"


def _hub_file(
    dataset: str, revision: str, path: str, *, sha256: str, size_bytes: int, split: str | None = None
) -> RemoteFile:
    """A file on the Hub whose digest the Hub publishes, with the Hub's mirror as a second place."""
    return RemoteFile(
        _hub(dataset, revision, path),
        sha256=sha256,
        size_bytes=size_bytes,
        mirrors=(_hub(dataset, revision, path, host="hf-mirror.com"),),
        split=split,
    )


# Digest and size: datasets/enwik8 in huggingface/datasets 1.18.
ENWIK8 = SourceSpec(
    "enwik8",
    "The first 100 MB of English Wikipedia in 2006, as XML",
    files=(
        RemoteFile(
            f"https://{_MAHONEY}/enwik8.zip",
            sha256="547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc",
            size_bytes=36_445_475,
            mirrors=(f"http://{_MAHONEY}/enwik8.zip", f"{_DEEPAI}/enwik8.zip"),
            member="enwik8",
        ),
    ),
    split="characters:0.1",
    eot=False,
    size_bytes=36_445_475,
    license="GFDL-1.2-or-later",
    homepage="https://mattmahoney.net/dc/textdata.html",
)

# No sha256 is published for this archive, only an md5 (3e773f8a1577fda2e27f871ca17f31fd, in torchtext).
ENWIK9 = SourceSpec(
    "enwik9",
    "The first 1 GB of English Wikipedia in 2006, as XML",
    files=(RemoteFile(f"https://{_MAHONEY}/enwik9.zip", size_bytes=322_592_222, member="enwik9"),),
    split="characters:0.1",
    eot=False,
    size_bytes=322_592_222,
    license="GFDL-1.2-or-later",
    homepage="https://mattmahoney.net/dc/textdata.html",
)

# The digest that word2vec tutorials and reproductions check; the size is TensorFlow's word2vec example's.
TEXT8 = SourceSpec(
    "text8",
    "100 MB of Wikipedia in 27 characters: a to z and the space",
    files=(
        RemoteFile(
            f"https://{_MAHONEY}/text8.zip",
            sha256="a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232",
            size_bytes=31_344_016,
            mirrors=(f"http://{_MAHONEY}/text8.zip", f"{_DEEPAI}/text8.zip"),
            member="text8",
        ),
    ),
    split="characters:0.1",
    eot=False,
    size_bytes=31_344_016,
    license="GFDL-1.2-or-later",
    homepage="https://mattmahoney.net/dc/textdata.html",
)


def _wikitext(
    name: str, summary: str, *, sha256: str, size_bytes: int, mirrors: tuple[str, ...]
) -> SourceSpec:
    """One of the two raw WikiText archives; its three members are the splits."""
    folder = f"{name}-raw"
    return SourceSpec(
        name,
        summary,
        files=tuple(
            RemoteFile(
                f"{_SMERITY}/{folder}-v1.zip",
                sha256=sha256,
                size_bytes=size_bytes,
                mirrors=mirrors,
                split=split,
                member=f"{folder}/wiki.{split}.raw",
            )
            for split in ("train", "valid", "test")
        ),
        split="",
        eot=False,
        size_bytes=size_bytes,
        license="CC-BY-SA-3.0",
        homepage="https://huggingface.co/datasets/Salesforce/wikitext",
    )


# Digests and sizes: datasets/wikitext in huggingface/datasets 1.18. The first host of these archives, the
# bucket at Amazon, refuses most requests now; the corpus's author serves the same bytes.
WIKITEXT_2 = _wikitext(
    "wikitext-2",
    "720 good and featured Wikipedia articles, raw",
    sha256="ef7edb566e3e2b2d31b29c1fdb0c89a4cc683597484c3dc2517919c615435a11",
    size_bytes=4_721_645,
    mirrors=(f"{_GGML}/wikitext-2-raw-v1.zip", f"{_METAMIND}/wikitext-2-raw-v1.zip"),
)
WIKITEXT_103 = _wikitext(
    "wikitext-103",
    "28,595 good and featured Wikipedia articles, raw",
    sha256="91c00ae287f0d699e18605c84afc9e45c192bc6b7797ff8837e5474655a33794",
    size_bytes=191_984_949,
    mirrors=(f"{_METAMIND}/wikitext-103-raw-v1.zip",),
)

_TINYSTORIES = ("roneneldan/TinyStories", "f54c09fd23315a6f9c86f9dc80f725de7d8f9c64")

# Digests and sizes: the Hub's own (Git LFS), as recorded by several projects that pin this revision.
TINYSTORIES = SourceSpec(
    "tinystories",
    "2.1 million stories in a four-year-old's words, by GPT-3.5 and GPT-4",
    files=(
        _hub_file(
            *_TINYSTORIES,
            "TinyStories-train.txt",
            sha256="c5cf5e22ff13614e830afbe61a99fbcbe8bcb7dd72252b989fa1117a368d401f",
            size_bytes=1_924_281_556,
            split="train",
        ),
        _hub_file(
            *_TINYSTORIES,
            "TinyStories-valid.txt",
            sha256="94e431816c4cce81ff71e4408ff8d3bda9a42e8d2663986697c3954288cb38b4",
            size_bytes=19_447_282,
            split="valid",
        ),
    ),
    reader_options={"separator": "<|endoftext|>"},
    split="",
    size_bytes=1_943_728_838,
    license="CDLA-Sharing-1.0",
    homepage="https://huggingface.co/datasets/roneneldan/TinyStories",
)
TINYSTORIES_V2 = SourceSpec(
    "tinystories-v2",
    "2.7 million stories in a four-year-old's words, all by GPT-4",
    files=(
        _hub_file(
            *_TINYSTORIES,
            "TinyStoriesV2-GPT4-train.txt",
            sha256="6418d412de72888f52b5142c761ac21a582f7d1166f0bfbdb5f03ccfdec90443",
            size_bytes=2_227_753_162,
            split="train",
        ),
        _hub_file(
            *_TINYSTORIES,
            "TinyStoriesV2-GPT4-valid.txt",
            sha256="6874bae9a4c1a4e7edcf0e53b86c17817e9cf881fc75ff2368da457b80c0585d",
            size_bytes=22_502_601,
            split="valid",
        ),
    ),
    reader_options={"separator": "<|endoftext|>"},
    split="",
    size_bytes=2_250_255_763,
    license="CDLA-Sharing-1.0",
    homepage="https://huggingface.co/datasets/roneneldan/TinyStories",
)

# As for the nanoGPT baseline, half a thousandth of the documents is held out. No list of the digests is
# published; the size is the dataset card's.
OPENWEBTEXT = SourceSpec(
    "openwebtext",
    "8 million pages that Reddit linked to: the open copy of GPT-2's WebText",
    files=tuple(
        RemoteFile(
            _hub(
                "Skylion007/openwebtext",
                "79d93d786212f7344586290adb811d4ae6a1762c",
                f"plain_text/train-{number:05d}-of-00080.parquet",
            )
        )
        for number in range(80)
    ),
    format="parquet",
    reader_options={"text_field": "text"},
    split="valid=0.0005",
    size_bytes=24_193_092_408,
    license="CC0-1.0",
    homepage="https://skylion007.github.io/OpenWebTextCorpus/",
)

# Digests and sizes: the Hub's own (Git LFS), in file order.
_FINEWEB_EDU_FILES = (
    ("b1ba7b2ce4cb5ea6ef42dca40263eabb85f37700d01693a68e9b30a31d78e871", 2_152_819_114),
    ("3fcf2dc69cd52503986276d3d2d26a8c356d0f2ea28a0de4fdbda8cf87755693", 2_152_222_432),
    ("547ae182d132c9f06b6ce63149567208ea9f57630bfd9b1a2938e504f0c9ebd7", 2_151_796_315),
    ("22184e6eb25759ddd97783751ffc73e1705dfa2542e630dae1f2a8bac8ee6ddb", 2_152_437_524),
    ("33557ddd87a07a4ae6fcaf7a4789c7b484e5cc0c273ca12a65b74200e6d8748b", 2_152_338_550),
    ("e08d79927ecb377786572cd854817c748ceb8880878b1a0eb91abf8c85d505ea", 2_152_189_947),
    ("554fa2613c9261d6c9c396caab881de3160175794c6c3e1856bf28a0e9cb9b76", 2_152_689_867),
    ("4b7d1f697d4afff7f5f65cb7aa4d83acc6db716da4d46ea23399d0c50608c6e3", 2_150_686_637),
    ("a6d9dcc0c72ecd7c7f0173c2d06b3a4249a2ccaa94961469d1a522ca689bbf1a", 2_151_274_846),
    ("f836cd3c70b95776699eb6c356b2dbf702816e25dcf39992f5c80a29029d23c3", 2_151_913_277),
    ("e5a2eae25f057f0856a10bfae314c6ca8ea8bb08456d2131e9e89b2b8305e2f6", 2_152_798_864),
    ("db71cf0425bb3d1813a09f12ff1acd6dabdfb91a2e4f141960254ee5a7f036e7", 2_152_323_681),
    ("08b47a3e1c25161f796d2f8dbf99ccf60affdebdcea4910833d0d5783315551f", 2_152_069_689),
    ("b393f51fefab26cd6f4c8f65707c1924f6666c4961a0ebebe04bb57f7ec832de", 540_632_672),
)
FINEWEB_EDU_10BT = SourceSpec(
    "fineweb-edu-10bt",
    "9.7 million educational web pages, 10 billion tokens: the sample of FineWeb-Edu",
    files=tuple(
        _hub_file(
            "HuggingFaceFW/fineweb-edu",
            "87f09149ef4734204d70ed1d046ddc9ca3f2b8f9",
            f"sample/10BT/{number:03d}_00000.parquet",
            sha256=sha256,
            size_bytes=size_bytes,
        )
        for number, (sha256, size_bytes) in enumerate(_FINEWEB_EDU_FILES)
    ),
    format="parquet",
    reader_options={"text_field": "text"},
    split="valid=0.001",
    size_bytes=28_518_193_415,
    license="ODC-By-1.0",
    homepage="https://huggingface.co/datasets/HuggingFaceFW/fineweb-edu",
)

# huggingface/datasets 1.18 lists 1,032 digests, but of an older revision (1ddc917); no list is published for
# this one. The size is the dataset card's.
C4_EN = SourceSpec(
    "c4-en",
    "365 million English web pages of the 2019 Common Crawl, cleaned for T5",
    files=tuple(
        RemoteFile(
            _hub(
                "allenai/c4",
                "1588ec454efa1a09f29cd18ddd04fe05fc8653a2",
                f"en/c4-{part}.{number:05d}-of-{count:05d}.json.gz",
            ),
            split=split,
        )
        for part, split, count in (("train", "train", 1024), ("validation", "valid", 8))
        for number in range(count)
    ),
    format="jsonl",
    reader_options={"text_field": "text"},
    split="",
    size_bytes=326_778_635_540,
    license="ODC-By-1.0",
    homepage="https://huggingface.co/datasets/allenai/c4",
)

_PG19 = ("emozilla/pg19", "c021754c8e01c5b1cc83a1f549c1f97fbbb756b8")
_PG19_TRAIN = [
    "5263dc4323e881d2",
    "2b13c68dbeba63b5",
    "8e4dd6b70d51dfcf",
    "e7f0ba0d3c2eb6c0",
    "3f9e7e096fa07f4b",
    "87dece6a0ab708e8",
    "c50fea56d0518a87",
    "e9fea5c158e172e2",
    "275017526d706c9d",
    "f07a29af90b71085",
    "dd5d8583a9f6a549",
    "6c0bc91e6df2e661",
    "78d820574bddc6bb",
    "5b853732c713dded",
    "54b567998cd5eb4b",
    "7a78b1e66cfe52de",
    "8269d10108995a28",
    "e240b232c0daddca",
    "f59d477d80180c78",
    "198af082bd917d87",
    "f9b058c5e9338514",
    "e221306b7359a366",
    "5a956eb2a5d6cab5",
]

# DeepMind's own copy is 28,752 single files; this is its usual conversion to Parquet. Digests and sizes of
# the held-out books: the Hub's own (Git LFS). None is published as a list for the others.
PG19 = SourceSpec(
    "pg19",
    "28,752 books of Project Gutenberg from before 1919",
    files=(
        *(
            RemoteFile(_hub(*_PG19, f"data/train-{number:05d}-of-00023-{key}.parquet"), split="train")
            for number, key in enumerate(_PG19_TRAIN)
        ),
        _hub_file(
            *_PG19,
            "data/validation-00000-of-00001-0f92e2337f79aeac.parquet",
            sha256="81680529564d4ead1c0e3859509a62d86c7126c32afc95dce6bd98e729e491ef",
            size_bytes=10_803_864,
            split="valid",
        ),
        _hub_file(
            *_PG19,
            "data/test-00000-of-00001-29a571947c0b5ccc.parquet",
            sha256="9aae5ddf035760257458cff08d2575d78a15f84eff867af7a87eff0681b01bfc",
            size_bytes=24_874_679,
            split="test",
        ),
    ),
    format="parquet",
    reader_options={"text_field": "text"},
    split="",
    license="Apache-2.0",
    homepage="https://github.com/google-deepmind/pg19",
)

CORPORA = (
    ENWIK8,
    ENWIK9,
    TEXT8,
    WIKITEXT_2,
    WIKITEXT_103,
    TINYSTORIES,
    TINYSTORIES_V2,
    OPENWEBTEXT,
    FINEWEB_EDU_10BT,
    C4_EN,
    PG19,
)
