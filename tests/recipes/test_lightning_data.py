"""The Lightning DataModule: every step sees its own batch, through epochs, looks ahead and resumes."""

import pytest
import torch
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore")  # of Lightning's and its dependencies' own
OPTIONS = {"batch_size": 32, "block_size": 16, "seed": 5}


@pytest.fixture(scope="module")
def lightning():
    return pytest.importorskip("lightning", reason="the Lightning recipe needs the package lightning")


@pytest.fixture
def fit(lightning, recipe, corpus, tmp_path):
    """Trains a small model; gives the windows that each step saw, and its losses."""

    class Bigrams(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.scores = torch.nn.Embedding(corpus.tokenizer.vocab_size, corpus.tokenizer.vocab_size)
            self.seen, self.losses, self.validated = [], [], []

        def training_step(self, batch, batch_idx):
            x, y = batch[:2]
            loss = F.cross_entropy(self.scores(x).flatten(0, 1), y.flatten())
            self.seen.append(x)
            self.losses.append(loss.item())
            return loss

        def validation_step(self, batch, batch_idx):
            self.validated.append(int((batch[1] != -100).sum()))

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), lr=0.1)

    def run(max_steps, *, options=None, ckpt_path=None, **trainer_options):
        torch.manual_seed(1)
        model = Bigrams()
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_steps=max_steps,
            max_epochs=-1,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            **trainer_options,
        )
        data = recipe("lightning_data").CorpusData(corpus, **(options or OPTIONS))
        trainer.fit(model, data, ckpt_path=ckpt_path)
        trainer.save_checkpoint(tmp_path / f"{max_steps}.ckpt")
        return model

    return run


def assert_steps(seen, batches, first_step=0):
    for step, x in enumerate(seen, first_step):
        assert torch.equal(x, batches[step][0]), step


@pytest.mark.parametrize("sampler", ["random", "shuffled"])
@pytest.mark.parametrize("limit", [1.0, 7])
def test_steps_see_their_batches_through_lightnings_epochs(fit, corpus, sampler, limit):
    options = {**OPTIONS, "sampler": sampler}
    model = fit(40, options=options, limit_train_batches=limit)

    assert len(model.seen) == 40
    assert_steps(model.seen, corpus.batches("train", **options))


@pytest.mark.parametrize("sampler", ["random", "shuffled"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_run_that_goes_on_equals_one_that_never_stopped(fit, corpus, tmp_path, sampler, accumulate):
    options = {**OPTIONS, "sampler": sampler, "prefetch": 2}
    whole = fit(9, options=options, accumulate_grad_batches=accumulate)
    first = fit(4, options=options, accumulate_grad_batches=accumulate)
    second = fit(9, options=options, accumulate_grad_batches=accumulate, ckpt_path=tmp_path / "4.ckpt")

    assert first.losses + second.losses == whole.losses
    assert len(whole.losses) == 9 * accumulate
    assert_steps(second.seen, corpus.batches("train", **options), first_step=4 * accumulate)


def test_another_seed_does_not_go_on(fit, tmp_path):
    fit(2)

    with pytest.raises(ValueError, match="saved with seed 5, these batches have 6"):
        fit(4, options={**OPTIONS, "seed": 6}, ckpt_path=tmp_path / "2.ckpt")


def test_each_validation_reads_the_whole_split_once(fit, corpus):
    model = fit(4, val_check_interval=2)

    sanity = 2 * 32 * 16
    assert sum(model.validated) == sanity + 2 * (len(corpus["valid"]) - 1)


def test_documents_pass_through(fit):
    assert len(fit(2, options={**OPTIONS, "documents": True}).losses) == 2
