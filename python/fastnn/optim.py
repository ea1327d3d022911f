"""Optimisers: how the parameters follow their gradients.

Formulas, the place of ``eps`` and the correction of biases are those of ``torch.optim``. Penalties
(``l1``, ``l2``) and clipping belong to the Trainer: they change the gradient g before it comes
here.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from typing import Any, ClassVar

from fastnn._checks import check_flag, check_fraction, check_not_negative, check_positive
from fastnn._config import Configured


class Optimizer(Configured):
    """Base of all optimisers.

    Attributes
    ----------
    name : str
        What the core calls it.
    lr : float or Schedule
    """

    name: ClassVar[str]
    lr: Any

    def __init__(self, lr: Any) -> None:
        where = type(self).__name__
        if not callable(lr):
            try:
                check_positive(where, "lr", lr)
            except TypeError:
                text = "must be a finite number > 0 or a schedule"
                raise TypeError(f"{where}: lr {text}, got {lr!r}") from None
        self.lr = lr

    def check(self) -> None:
        """Raise unless the settings, which may change during a run, keep the arguments' rules.

        Raises
        ------
        ValueError, TypeError
            As the constructor does.

        Examples
        --------
        >>> sgd = SGD(0.1)
        >>> sgd.momentum = 2.0
        >>> sgd.check()
        Traceback (most recent call last):
        ValueError: SGD: momentum must be a number in [0, 1), got 2.0
        """
        own: Any = next(c for c in type(self).__mro__ if c in (*CLASSES, Optimizer))
        if own is not Optimizer:  # of a class of one's own, what it inherits
            names = inspect.signature(own.__init__).parameters
            # The rate is looked at step by step, and may be 0 for a while; a class of one's own may
            # have done without some.
            given = [n for n in names if n not in ("self", "lr") and hasattr(self, n)]
            own(**{name: getattr(self, name) for name in given})

    @abstractmethod
    def hyper(self) -> dict[str, float]:
        """Hyperparameters other than ``lr``, by the core's names."""


class SGD(Optimizer):
    """Stochastic gradient descent, ``w <- w - lr g``.

    With momentum m: ``v <- m v + g``, ``w <- w - lr v``; Nesterov's: ``w <- w - lr (g + m v)``.

    Parameters
    ----------
    lr : float > 0, or Schedule
    momentum : float in [0, 1)
    nesterov : bool
        Look ahead; momentum must then be > 0.

    Raises
    ------
    ValueError, TypeError
        If an argument breaks its rule.

    Source
    ------
    Robbins and Monro, A stochastic approximation method, Annals of Mathematical Statistics 22
    (1951); Sutskever et al., On the importance of initialization and momentum in deep learning,
    ICML (2013).

    Examples
    --------
    >>> SGD(lr=0.5, momentum=0.9)
    SGD(lr=0.5, momentum=0.9, nesterov=False)
    """

    name = "sgd"

    def __init__(self, lr: Any = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(lr)
        check_fraction("SGD", "momentum", momentum)
        check_flag("SGD", "nesterov", nesterov)
        if nesterov and momentum == 0:
            raise ValueError(f"SGD: momentum must be > 0 with nesterov=True, got {momentum!r}")
        self.momentum = momentum
        self.nesterov = nesterov

    def hyper(self) -> dict[str, float]:
        return {"momentum": float(self.momentum), "nesterov": float(self.nesterov)}


class Adagrad(Optimizer):
    """A rate of its own for each weight: ``s <- s + g^2``, ``w <- w - lr g / (sqrt s + eps)``.

    Parameters
    ----------
    lr : float > 0, or Schedule
    eps : float, > 0

    Raises
    ------
    ValueError, TypeError
        If an argument breaks its rule.

    Source
    ------
    Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic
    optimization, JMLR 12 (2011).

    Examples
    --------
    >>> Adagrad()
    Adagrad(lr=0.01, eps=1e-10)
    """

    name = "adagrad"

    def __init__(self, lr: Any = 0.01, eps: float = 1e-10) -> None:
        super().__init__(lr)
        check_positive("Adagrad", "eps", eps)
        self.eps = eps

    def hyper(self) -> dict[str, float]:
        return {"eps": float(self.eps)}


class RMSprop(Optimizer):
    """Adagrad that forgets: ``s <- a s + (1 - a) g^2``, ``w <- w - lr g / (sqrt s + eps)``.

    With momentum m: ``v <- m v + g / (sqrt s + eps)``, ``w <- w - lr v``.

    Parameters
    ----------
    lr : float > 0, or Schedule
    alpha : float in [0, 1)
        The a of the formula.
    eps : float, > 0
    momentum : float in [0, 1)

    Raises
    ------
    ValueError, TypeError
        If an argument breaks its rule.

    Source
    ------
    Tieleman and Hinton, Lecture 6.5: rmsprop, Coursera: Neural networks for machine learning
    (2012).

    Examples
    --------
    >>> RMSprop()
    RMSprop(lr=0.01, alpha=0.99, eps=1e-08, momentum=0.0)
    """

    name = "rmsprop"

    def __init__(
        self, lr: Any = 0.01, alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0
    ) -> None:
        super().__init__(lr)
        check_fraction("RMSprop", "alpha", alpha)
        check_positive("RMSprop", "eps", eps)
        check_fraction("RMSprop", "momentum", momentum)
        self.alpha = alpha
        self.eps = eps
        self.momentum = momentum

    def hyper(self) -> dict[str, float]:
        return {
            "alpha": float(self.alpha),
            "eps": float(self.eps),
            "momentum": float(self.momentum),
        }


class Adam(Optimizer):
    """Adaptive moments.

    ``m <- b1 m + (1 - b1) g``, ``v <- b2 v + (1 - b2) g^2``; at step t
    ``w <- w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)``. t counts the trainer's steps, where
    PyTorch counts those of each parameter: they differ for a layer that was frozen for a time.

    Parameters
    ----------
    lr : float > 0, or Schedule
    betas : two floats in [0, 1)
        b1 and b2.
    eps : float, > 0

    Raises
    ------
    ValueError, TypeError
        If an argument breaks its rule.

    Source
    ------
    Kingma and Ba, Adam: a method for stochastic optimization, ICLR (2015).

    Examples
    --------
    >>> Adam(lr=3e-4).hyper()
    {'beta1': 0.9, 'beta2': 0.999, 'eps': 1e-08}
    """

    name = "adam"

    def __init__(
        self, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(lr)
        _check_betas(type(self).__name__, betas)
        check_positive(type(self).__name__, "eps", eps)
        self.betas = betas
        self.eps = eps

    def hyper(self) -> dict[str, float]:
        beta1, beta2 = self.betas
        return {"beta1": float(beta1), "beta2": float(beta2), "eps": float(self.eps)}


class AdamW(Adam):
    """Adam with decoupled weight decay: ``w <- (1 - lr weight_decay) w`` before each update.

    As in `Adam`, t counts the trainer's steps, also for a layer that was frozen for a time.

    Parameters
    ----------
    lr : float > 0, or Schedule
    betas : two floats in [0, 1)
    eps : float, > 0
    weight_decay : float, >= 0
        Of weights; biases and the gains of norms do not decay.

    Raises
    ------
    ValueError, TypeError
        If an argument breaks its rule.

    Source
    ------
    Loshchilov and Hutter, Decoupled weight decay regularization, ICLR (2019).

    Examples
    --------
    >>> AdamW(weight_decay=0.1)
    AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.1)
    """

    name = "adamw"

    def __init__(
        self,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(lr, betas, eps)
        check_not_negative("AdamW", "weight_decay", weight_decay)
        self.weight_decay = weight_decay

    def hyper(self) -> dict[str, float]:
        return {**super().hyper(), "weight_decay": float(self.weight_decay)}


CLASSES: tuple[type[Optimizer], ...] = (SGD, Adagrad, RMSprop, Adam, AdamW)


def kind(optimizer: Optimizer) -> str:
    """What optimisers that keep the same vectors have in common.

    Examples
    --------
    >>> kind(AdamW())
    'adam'
    """
    return optimizer.name.removesuffix("w")


def find(optimizer: Any, where: str = "Trainer") -> Optimizer:
    """The optimiser of a name, with its defaults; an Optimizer is taken as it is.

    Parameters
    ----------
    optimizer : Optimizer or str
        A name of the core: "sgd", "adagrad", "rmsprop", "adam", "adamw".
    where : str
        What an error begins with.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither a name nor an Optimizer.

    Examples
    --------
    >>> find("sgd")
    SGD(lr=0.01, momentum=0.0, nesterov=False)
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    names = {c.name: c for c in CLASSES}
    if not isinstance(optimizer, str):
        raise TypeError(f"{where}: optimizer must be an Optimizer or a name, got {optimizer!r}")
    if optimizer not in names:
        known = ", ".join(names)
        raise ValueError(f"{where}: optimizer must be one of {known}, got {optimizer!r}")
    return names[optimizer]()  # type: ignore[call-arg]


def _check_betas(where: str, betas: Any) -> None:
    text = f"{where}: betas must be two numbers in [0, 1), got {betas!r}"
    if not isinstance(betas, list | tuple) or len(betas) != 2:
        raise TypeError(text)
    for beta in betas:
        try:
            check_fraction(where, "betas", beta)
        except (TypeError, ValueError) as error:
            raise type(error)(text) from None
