"""What is easily taken for what in an answer: operators, names, and what is forgotten behind or around something."""

import ast

OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Mult), ast.Mult: (ast.Div, ast.Add, ast.Sub, ast.Pow),
    ast.Div: (ast.Mult, ast.FloorDiv, ast.Sub), ast.FloorDiv: (ast.Div, ast.Mod), ast.Mod: (ast.FloorDiv, ast.Div),
    ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.MatMult: (ast.Mult,),
}  # fmt: skip
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
FAMILIES = (
    ("min", "max", "minimum", "maximum"), ("sum", "mean", "std", "var", "median", "nanmean", "nansum", "prod"),
    ("any", "all"), ("exp", "log", "exp2", "log2", "log10", "expm1", "log1p"), ("square", "abs", "sqrt", "pow"),
    ("argmax", "argmin", "argsort", "sort"), ("logical_and", "logical_or", "logical_xor"), ("floor", "ceil", "round"),
    ("softmax", "log_softmax", "sigmoid"), ("l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"),
    ("terminated", "truncated"), ("obs", "actions", "old_log_probs", "returns", "advantages"), ("clamp_", "clamp"),
    ("vf_coef", "ent_coef", "clip_eps"), ("won", "lost", "fell", "adjourned"), ("sub_", "sub"), ("mul_", "mul"),
    ("add_", "add"), ("div_", "div"), ("copy_", "clone"), ("detach_", "detach"),
    ("clip_grad_value_", "clip_grad_norm_"),
    ("HEALTH_REWARD", "FALL_REWARD", "WIN_REWARD", "BANISH_REWARD"), ("cumsum", "cumprod"), ("zeros_like", "ones_like"),
    ("randint", "randperm", "rand"), ("cat", "stack"), ("reversed", "list"), ("reshape", "transpose"),
)  # fmt: skip
ENDINGS = (
    "mean()", "sum()", "detach()", "exp()", "log()", "square()", "abs()", "sqrt()", "float()", "long()", "bool()",
    "sum(dim=-1)", "mean(dim=-1)", "squeeze(-1)", "squeeze()", "unsqueeze(-1)", "unsqueeze(0)", "item()", "flatten()",
    "clone()", "any()", "all()", "tolist()", "numpy()", "T", "values", "flip(0)",
)  # fmt: skip
"""What may be missing behind an expression."""
WRAPPERS = (
    "-({})", "~({})", "not ({})", "1 - ({})", "1 + ({})", "({}) - 1", "({})[:, None]", "({})[None]", "float({})",
    "bool({})", "int({})", "list({})", "tuple({})", "max(0.0, {})", "({})[-1]", "({})[0]", "2 * ({})", "1 / ({})",
    "({}) + 1e-8", "reversed({})", "({})[::-1]", "torch.zeros_like({})", "0 * ({})", "np.sqrt({})", "({}) / 2",
    "({}) * 2", "({}).clamp(min=0)",
)  # fmt: skip
"""What may be missing around an expression."""
