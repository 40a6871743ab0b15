"""fastgru.torch against torch.nn: what modules return, their gradients, and how they are used."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgru.errors import ConfigurationError, FastgruError
from tests.peers.torch_layers import every_cell
from tests.peers.torch_modules import (
    assert_close,
    flat,
    make_pair,
    normal,
    outputs_and_gradients,
)
from tests.problem_strategies import HIDDEN_SIZES, batch_sizes

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("torch_of_module")]
torch: Any = None
row = partial(pytest.mark.conformance, "PyTorch", "fastgru.torch, {cell}")
both_types = pytest.mark.parametrize("dtype", ["float32", "float64"])


def leaves_of(
    cell: str, n: int, shape: tuple[int, ...], states: tuple[int, ...], dtype: str
) -> Any:
    x = normal(n, *shape, dtype=dtype)
    hx = tuple(normal(n + k, *states, dtype=dtype) for k in (1, 2))
    return x, hx if cell == "lstm" else hx[0]


def packed(x: Any, lengths: list[int], batch_first: bool, in_order: bool) -> Any:
    ordered = torch.tensor(sorted(lengths, reverse=True) if in_order else lengths)
    return torch.nn.utils.rnn.pack_padded_sequence(
        x, ordered, batch_first=batch_first, enforce_sorted=in_order
    )


@every_cell
@both_types
@row("num_layers, bidirectional, bias, batch_first, hx, packed sequences: a property")
@given(data=st.data())
def test_module__equals_torch(cell: str, dtype: str, data: st.DataObject) -> None:
    if cell == "rnn relu":
        dtype = "float64"  # in single precision some units round to the other side of the corner
    draw, booleans = data.draw, st.booleans()
    n_sequences = draw(st.sampled_from([n for n in batch_sizes(cell, dtype) if n]))
    n_steps, hidden = draw(st.integers(1, 9)), draw(st.sampled_from(HIDDEN_SIZES))
    options = {name: draw(booleans) for name in ("bias", "batch_first", "bidirectional")}
    options["num_layers"] = draw(st.integers(1, 3))
    ours, theirs = make_pair(cell, 3, hidden, dtype=getattr(torch, dtype), **options)
    axes = (n_sequences, n_steps) if options["batch_first"] else (n_steps, n_sequences)
    rows = options["num_layers"] * (1 + options["bidirectional"])
    x, hx = leaves_of(cell, 5, (*axes, 3), (rows, n_sequences, hidden), dtype)
    leaves = [x, *flat(hx)]
    if draw(booleans):
        hx, leaves = None, [x]
    lengths = None
    if draw(booleans):
        some = st.integers(1, n_steps)
        lengths = draw(st.lists(some, min_size=n_sequences, max_size=n_sequences))
    in_order = draw(booleans)

    def solved(module: Any) -> list[Any]:
        given_x = x if lengths is None else packed(x, lengths, options["batch_first"], in_order)
        return outputs_and_gradients(module, given_x, hx, leaves)

    assert_close(solved(ours), solved(theirs))


@every_cell
@both_types
@row("the size of real work")
def test_module__equals_torch_at_the_size_of_real_work(cell: str, dtype: str) -> None:
    dtype = "float64" if cell == "rnn relu" else dtype
    options = {"batch_first": True, "bidirectional": True, "num_layers": 2}
    ours, theirs = make_pair(cell, 16, 64, dtype=getattr(torch, dtype), **options)
    x = normal(0, 32, 60, 16, dtype=dtype)
    assert_close(*(outputs_and_gradients(m, x, None, [x]) for m in (ours, theirs)))


@every_cell
@pytest.mark.parametrize("batch_first", [False, True])
@row("unbatched input")
def test_module__takes_one_sequence_alone(cell: str, batch_first: bool) -> None:
    options = {"batch_first": batch_first, "bidirectional": True, "dtype": torch.float64}
    ours, theirs = make_pair(cell, 3, 5, **options)
    x, hx = leaves_of(cell, 1, (7, 3), (2, 5), "float64")
    leaves = [x, *flat(hx)]
    assert_close(*(outputs_and_gradients(m, x, hx, leaves) for m in (ours, theirs)))
    assert ours(x)[0].shape == theirs(x)[0].shape == (7, 10)


@every_cell
@row("packed sequences keep their order")
def test_module__returns_a_packed_sequence_like_torchs(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, dtype=torch.float64)
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_sequence([normal(n, n, 3) for n in (2, 5, 3)], enforce_sorted=False)
    (found, _), (expected, _) = ours(packed), theirs(packed)
    for name in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        assert torch.equal(getattr(found, name), getattr(expected, name))
    (y, lengths), (z, _) = rnn.pad_packed_sequence(found), rnn.pad_packed_sequence(expected)
    assert lengths.tolist() == [2, 5, 3]
    torch.testing.assert_close(y, z)


@every_cell
@row("gradcheck of input, hx and weights")
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
def test_gradcheck(cell: str, options: dict[str, Any]) -> None:
    torch.manual_seed(3)
    module, _ = make_pair(cell, 2, 3, batch_first=True, dtype=torch.float64, **options)
    rows = 4 if options else 1
    x, hx = leaves_of(cell, 7, (2, 3, 2), (rows, 2, 3), "float64")
    names, weights = zip(*module.named_parameters(), strict=True)

    def function(x: Any, *others: Any) -> Any:
        n = len(others) - len(names)
        states = others[0] if n == 1 else others[:n]
        parameters = dict(zip(names, others[n:], strict=True))
        return tuple(flat(torch.func.functional_call(module, parameters, (x, states))))

    assert torch.autograd.gradcheck(function, (x, *flat(hx), *weights))


@every_cell
@row("second derivative", refused=True)
def test_second_derivative__is_refused(cell: str) -> None:
    module, _ = make_pair(cell, 2, 3)
    x = normal(0, 4, 9, 2, dtype="float32")
    with pytest.raises(FastgruError, match=r"create_graph=True, but .* Use torch\.nn for this"):
        torch.autograd.grad(module(x)[0].sum(), x, create_graph=True)


@every_cell
@row("state_dict, both ways")
def test_state_dict__is_torchs(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, num_layers=2, bidirectional=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    other, _ = make_pair(cell, 3, 5, num_layers=2, bidirectional=True)
    other.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(other.state_dict())
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name])
        assert torch.equal(value, other.state_dict()[name])
    assert isinstance(ours, type(theirs))
    assert repr(ours) == repr(theirs)


@every_cell
@row("constructor and forward: signatures")
def test_signatures__are_torchs(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5)
    kinds = [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]
    assert [p.kind for p in inspect.signature(type(ours)).parameters.values()] == kinds
    names = [list(inspect.signature(module.forward).parameters) for module in (ours, theirs)]
    assert names[0] == names[1] == ["input", "hx"]
    positional = (3, 5, 2, "relu", False, True) if cell == "rnn relu" else (3, 5, 2, False, True)
    if cell == "rnn tanh":
        positional = (3, 5, 2, "tanh", False, True)
    module = type(ours)(*positional)
    assert module.num_layers == 2
    assert not module.bias
    assert module.batch_first


def train_step(module: Any, x: Any) -> list[Any]:
    module.zero_grad()
    x.grad = None
    module(x)[0].square().sum().backward()
    return [x.grad.clone(), *(p.grad.clone() for p in module.parameters())]


@every_cell
@row("copies: deepcopy, pickle, torch.save")
def test_copies__are_modules_of_their_own(cell: str) -> None:
    module, _ = make_pair(cell, 3, 5, num_layers=2)
    x = normal(0, 4, 9, 3, dtype="float32")
    expected = train_step(module, x)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    for other in (copy.deepcopy(module), torch.load(file, weights_only=False)):
        assert_close(train_step(other, x), expected)
        with torch.no_grad():
            other.weight_hh_l0.zero_()
        assert module.weight_hh_l0.abs().min() > 0
        assert not torch.equal(other(x)[0], module(x)[0])


@every_cell
@row("to(dtype)")
def test_to__converts_a_module_that_has_been_used(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5)
    train_step(ours, normal(0, 4, 9, 3, dtype="float32"))
    ours, theirs = ours.to(torch.float64), theirs.to(torch.float64)
    x = normal(0, 4, 3, 3)
    assert_close(train_step(ours, x), train_step(theirs, x))


@every_cell
@row("several calls before a backward pass")
def test_calls__each_keep_what_their_gradients_need(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, dtype=torch.float64)
    inputs = [normal(n, 2 + n, 4, 3) for n in range(3)]

    def gradients(module: Any) -> list[Any]:
        first, second, third = (module(x)[0] for x in inputs)
        leaves = [*inputs, *module.parameters()]
        return [
            *torch.autograd.grad(second.square().sum(), inputs[1]),
            *torch.autograd.grad(first.sum() * third.square().sum(), leaves, allow_unused=True)[
                ::2
            ],
        ]

    assert_close(gradients(ours), gradients(theirs))


@every_cell
@row("one module twice in a graph")
def test_module__may_be_used_twice_in_a_graph(cell: str) -> None:
    ours, theirs = make_pair(cell, 5, 5, dtype=torch.float64)
    x = normal(0, 3, 4, 5)

    def gradients(module: Any) -> list[Any]:
        y, state = module(x)
        z, _ = module(y, state)
        return list(torch.autograd.grad(z.square().sum(), [x, *module.parameters()]))

    assert_close(gradients(ours), gradients(theirs))


@every_cell
@row("retain_graph, and a second backward pass without it")
def test_graph__may_be_retained(cell: str) -> None:
    module, _ = make_pair(cell, 3, 5, num_layers=2, dtype=torch.float64)
    x = normal(0, 3, 4, 3)
    value = module(x)[0].square().sum()
    first = torch.autograd.grad(value, x, retain_graph=True)
    train_step(module, normal(1, 6, 4, 3))  # which must not write where the graph is kept
    assert_close(list(torch.autograd.grad(value, x)), list(first))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(value, x)


@every_cell
@row("torch.utils.checkpoint")
def test_checkpoint__runs_forward_again(cell: str) -> None:
    ours, theirs = make_pair(cell, 5, 5, dtype=torch.float64)
    x = normal(0, 3, 4, 5)

    def gradients(module: Any) -> list[Any]:
        y, _ = torch.utils.checkpoint.checkpoint(module, x, use_reentrant=False)
        z, _ = torch.utils.checkpoint.checkpoint(module, y, use_reentrant=False)
        return list(torch.autograd.grad(z.square().sum(), [x, *module.parameters()]))

    assert_close(gradients(ours), gradients(theirs))


@pytest.mark.conformance("PyTorch", "fastgru.torch", "hooks that copy what is saved", refused=True)
def test_hooks__that_copy_are_refused() -> None:
    module, _ = make_pair("gru", 3, 5, dtype=torch.float64)
    x = normal(0, 3, 4, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y, _ = module(x)
    with pytest.raises(FastgruError, match=r"a hook has copied .* Leave .*save_on_cpu"):
        y.sum().backward()


@every_cell
@row("changes in place of what gradients need", refused=True)
@pytest.mark.parametrize("what", ["input", "weight"])
def test_changes_in_place__are_refused(cell: str, what: str) -> None:
    module, _ = make_pair(cell, 3, 5, dtype=torch.float64)
    x = normal(0, 3, 4, 3) * 1
    y, _ = module(x)
    with torch.no_grad():
        (x if what == "input" else module.weight_ih_l0).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@every_cell
@row("no_grad, inference_mode and detached tensors")
def test_inference__keeps_nothing(cell: str) -> None:
    from fastgru.torch import tapes

    ours, theirs = make_pair(cell, 3, 5, num_layers=2, dtype=torch.float64)
    x = normal(0, 3, 4, 3)
    expected = [output.detach() for output in flat(theirs(x))]
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            found = flat(ours(x))
        assert not any(output.requires_grad for output in found)
        assert_close(found, expected)
    ours.requires_grad_(False)
    assert not ours(x.detach())[0].requires_grad
    assert ours(x)[0].requires_grad
    gc.collect()
    assert not tapes._held


def test_tapes__come_back_with_the_graph() -> None:
    from fastgru.torch import tapes

    module, _ = make_pair("gru", 3, 5, dtype=torch.float64)
    x = normal(0, 3, 4, 3)
    value, never = module(x)[0].sum(), module(x)[0]
    assert len(tapes._held) == 2
    value.backward()
    assert len(tapes._held) == 1
    del never
    assert not tapes._held
    for _ in range(3):
        module(x)[0].sum().backward()
    assert len(module._tapes._free) == 2


def test_tapes__are_few_after_many_calls_in_a_graph() -> None:
    module, _ = make_pair("gru", 3, 5)
    x = torch.randn(4, 2, 3)
    sum(module(x)[0].sum() for _ in range(20)).backward()
    assert 2 <= len(module._tapes._free) <= 4


@every_cell
@pytest.mark.parametrize("trained", [True, False])
def test_tapes__that_are_free_hold_no_tensor(cell: str, trained: bool) -> None:
    module, _ = make_pair(cell, 3, 5, num_layers=2, bidirectional=True, batch_first=True)
    arrays = [np.ones((4, 6, 3), np.float32), module.weight_hh_l0.detach().numpy().copy()]
    x, weight = map(torch.from_numpy, arrays)
    held = [weakref.ref(array) for array in arrays]
    before, module.weight_hh_l0.data = module.weight_hh_l0.data, weight
    with torch.set_grad_enabled(trained):
        y, _ = module(x)
    if trained:
        y.sum().backward()
    module.weight_hh_l0.data = before
    (tape,) = module._tapes._free
    arrays.clear()
    del x, weight, y
    gc.collect()
    assert [ref() for ref in held] == [None, None]
    module(torch.ones(2, 7, 3))[0].sum().backward()
    assert module._tapes._free == [tape]


@every_cell
@pytest.mark.parametrize("batch_first", [False, True])
def test_input__without_steps_is_refused(cell: str, batch_first: bool) -> None:
    shape = (2, 0, 3) if batch_first else (0, 2, 3)
    for module in make_pair(cell, 3, 5, batch_first=batch_first):
        for given_shape in (shape, (0, 3)):
            with pytest.raises(RuntimeError, match="sequence length to be larger than 0 in RNN"):
                module(torch.zeros(given_shape))


@every_cell
@row("gradients of the final states alone")
def test_final_states__may_be_all_that_is_used(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, num_layers=2, bidirectional=True, dtype=torch.float64)
    x = normal(0, 6, 4, 3)

    def gradients(module: Any) -> list[Any]:
        *_, last = flat(module(x)[1])
        return list(torch.autograd.grad(last.square().sum(), [x, *module.parameters()]))

    assert_close(gradients(ours), gradients(theirs))


@every_cell
@row("dropout: masks follow torch.manual_seed")
def test_dropout__follows_torchs_seed_and_mode(cell: str) -> None:
    options = {"num_layers": 2, "dropout": 0.5, "dtype": torch.float64}
    ours, theirs = make_pair(cell, 3, 40, **options)
    x = normal(0, 6, 4, 3)

    def run(seed: int) -> Any:
        torch.manual_seed(seed)
        return ours(x)[0]

    assert torch.equal(run(0), run(0))
    assert not torch.equal(run(0), run(1))
    with torch.no_grad():
        assert torch.equal(run(0), run(0))
        assert not torch.equal(run(0), run(1))
    ours.eval()
    theirs.eval()
    assert_close(train_step(ours, x), train_step(theirs, x))


@row("dropout: its share and its mean")
@pytest.mark.parametrize("cell", ["rnn tanh"])
def test_dropout__drops_a_share_and_scales_the_rest(cell: str) -> None:
    module, _ = make_pair(cell, 2, 500, num_layers=2, dropout=0.25, dtype=torch.float64)
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.zero_()
            if name == "weight_ih_l1":
                value.fill_diagonal_(1e-3)
            if name == "bias_ih_l0":
                value.fill_(0.5)
    y = module(normal(0, 1, 4, 2))[0].detach() / (1e-3 * torch.tensor(0.5).tanh())
    assert set(y.mul(3).round().flatten().tolist()) == {0.0, 4.0}
    assert 0.15 < (y == 0).double().mean() < 0.35


@every_cell
@row("tensors that are not contiguous")
def test_tensors__need_not_be_contiguous(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, num_layers=2, batch_first=True, dtype=torch.float64)
    x = normal(0, 6, 4, 7)
    leaves = [x]
    strided = x.transpose(0, 1)[:, :, 1::2]
    hx = normal(1, 4, 2, 5).transpose(0, 1)
    states = (hx, hx) if cell == "lstm" else hx
    assert_close(*(outputs_and_gradients(m, strided, states, leaves) for m in (ours, theirs)))


def test_memory__is_shared_where_the_batch_comes_first() -> None:
    from fastgru.torch.batches import PaddedBatch

    batch, x = PaddedBatch(4, 6, batch_first=True), torch.zeros(4, 6, 3)
    rows = batch.rows_of(x)
    assert rows.ctypes.data == x.data_ptr() == batch.tensor_of(rows).data_ptr()


@every_cell
@row("parametrizations of weights")
def test_parametrized_weights__are_read_at_each_call(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, dtype=torch.float64)
    for module in (ours, theirs):
        torch.nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    x = normal(0, 6, 4, 3)
    assert_close(*(outputs_and_gradients(m, x, None, [x]) for m in (ours, theirs)))


@every_cell
@row("an optimiser's steps")
def test_training__goes_torchs_way(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, dtype=torch.float64)
    x = normal(0, 6, 4, 3).detach()

    def trained(module: Any) -> list[Any]:
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
        for _ in range(5):
            optimizer.zero_grad()
            module(x)[0].square().sum().backward()
            optimizer.step()
        return [parameter.detach() for parameter in module.parameters()]

    assert_close(trained(ours), trained(theirs))


@pytest.mark.parametrize("cell", ["gru"])
@row("torch.set_num_threads: the same bits for any number")
def test_threads__are_torchs_and_change_no_bit(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastgru import _numba
    from fastgru.torch import tapes

    module, _ = make_pair(cell, 3, 17, num_layers=2, bidirectional=True)
    x = normal(0, 20, 33, 3, dtype="float32")
    before, seen, forward = torch.get_num_threads(), [], tapes.Stack.forward

    def watched(*args: Any, **options: Any) -> Any:
        seen.append(_numba.threads_in_force())
        return forward(*args, **options)

    monkeypatch.setattr(tapes.Stack, "forward", watched)
    try:
        found = []
        for threads in (1, _numba.default_threads()):
            torch.set_num_threads(threads)
            found.append(train_step(module, x))
    finally:
        torch.set_num_threads(before)
    assert seen == [1, _numba.default_threads()]
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@every_cell
@row("autocast, in the precision of the parameters")
def test_autocast__leaves_the_precision_of_the_parameters(cell: str) -> None:
    module, _ = make_pair(cell, 3, 5)
    x, hx = leaves_of(cell, 0, (4, 9, 3), (1, 9, 5), "float32")
    half = (x.bfloat16(), tuple(h.bfloat16() for h in hx) if cell == "lstm" else hx.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = flat(module(*half))
    whole = (
        half[0].float(),
        tuple(h.float() for h in half[1]) if cell == "lstm" else half[1].float(),
    )
    assert_close([y.detach() for y in found], [y.detach() for y in flat(module(*whole))])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@row("one module in several threads of Python")
def test_module__may_be_shared_by_threads(cell: str) -> None:
    module, _ = make_pair(cell, 3, 5, num_layers=2, dtype=torch.float64)
    inputs = [normal(n, 4 + n, 4, 3) for n in range(8)]

    def gradient(x: Any) -> Any:
        return torch.autograd.grad(module(x)[0].square().sum(), x)[0]

    expected = [gradient(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(gradient, inputs * 5))
    assert all(torch.equal(one, other) for one, other in zip(found, expected * 5, strict=True))


# Refusals.


@pytest.mark.conformance("PyTorch", "fastgru.torch, lstm", "proj_size", refused=True)
def test_projections__are_refused() -> None:
    import fastgru.torch

    with pytest.raises(
        ConfigurationError, match=r"LSTM: proj_size must be 0, got 2.*torch.nn.LSTM"
    ):
        fastgru.torch.LSTM(3, 5, proj_size=2)


@every_cell
@row("dropout of 1", refused=True)
def test_dropout_of_everything__is_refused(cell: str) -> None:
    with pytest.raises(ConfigurationError, match=r": dropout must be below 1, got 1\."):
        make_pair(cell, 3, 5, 2, dropout=1)


@every_cell
@row("other devices than the CPU", refused=True)
def test_other_devices__are_refused(cell: str) -> None:
    module, _ = make_pair(cell, 3, 5)
    name = type(module).__name__
    with pytest.raises(ConfigurationError, match=f"{name}: input is on meta, expected the CPU"):
        module(torch.zeros(4, 9, 3, device="meta"))
    with pytest.raises(ConfigurationError, match="weight_ih_l0 is on meta, expected the CPU"):
        module.to("meta")(torch.zeros(4, 9, 3))


@every_cell
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@row("half precision", refused=True)
def test_half_precision__is_refused(cell: str, dtype: str) -> None:
    module, _ = make_pair(cell, 3, 5)
    x = torch.zeros(4, 9, 3, dtype=getattr(torch, dtype))
    with pytest.raises(ConfigurationError, match=rf"input is torch.{dtype}, .*\.to\(torch.float32"):
        module(x)
    with pytest.raises(ConfigurationError, match=rf"parameters are torch.{dtype}, .*\.float\(\)"):
        module.to(x.dtype)(x)


@every_cell
@row("other types of numbers in input or hx", refused=True)
def test_other_types__are_refused(cell: str) -> None:
    module, _ = make_pair(cell, 3, 5)
    x, hx = leaves_of(cell, 0, (4, 9, 3), (1, 9, 5), "float64")
    with pytest.raises(ConfigurationError, match=r"input is torch.float64, expected torch.float32"):
        module(x)
    with pytest.raises(ConfigurationError, match=r"hx(\[0\])? is torch.float64, expected"):
        module(x.float(), hx)


@every_cell
@row("shapes that do not fit", refused=True)
def test_shapes__are_refused_like_torch_does(cell: str) -> None:
    ours, theirs = make_pair(cell, 3, 5, dtype=torch.float64)
    x, hx = leaves_of(cell, 0, (4, 9, 3), (1, 9, 5), "float64")
    _, narrow = leaves_of(cell, 0, (1,), (1, 8, 5), "float64")
    for arguments in ((x[:, :, :2], hx), (x, narrow)):
        with pytest.raises(RuntimeError) as expected:
            theirs(*arguments)
        with pytest.raises(RuntimeError) as found:
            ours(*arguments)
        assert str(found.value) == str(expected.value)
    with pytest.raises(RuntimeError, match="must have 3 dimensions, got 4"):
        ours(x[None])
