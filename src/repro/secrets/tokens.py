"""Tokens that say what they are: each kind has a beginning of its own.

No pattern has nested repetition and every repetition has an end, so each takes time in proportion
to the text.
"""

from typing import NamedTuple

__all__ = ["TOKENS", "Token"]


class Token(NamedTuple):
    """A kind of token.

    Attributes:
        kind: In words.
        anchor: What it begins with.
        rest: A pattern for what follows.
        gate: What a text must hold for a search to be worth while: "long" for a long word, "_" or
            "-" for one before a long word, "" for nothing.
        is_mixed: Whether digits and capitals, or many digits, are wanted: the beginning alone may
            be that of words with dashes, such as ``sk-learn-compatible-estimators``.
        is_tail: Whether part of the token stands before the anchor.
    """

    kind: str
    anchor: str
    rest: str
    gate: str = ""
    is_mixed: bool = False
    is_tail: bool = False


TOKENS = (
    Token("AWS access key", "AKIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])", "long"),
    Token("AWS access key", "ASIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])", "long"),
    Token("Azure secret", "Q~", r"[\w~.\-]{31,34}(?![\w~])", is_mixed=True, is_tail=True),
    Token("Google API key", "AIza", r"[\w\-]{30,60}", "long"),
    Token("Google OAuth token", "ya29.", r"[\w\-]{20,2000}", "long"),
    Token(
        "JSON web token",
        "eyJ",
        r"[\w\-]{13,1000}\.[\w\-]{8,8000}\.[\w\-]{5,1400}(?:\.[\w\-]{5,8000}){0,2}",
        "long",
    ),
    Token("SendGrid key", "SG.", r"[\w\-]{16,40}\.[\w\-]{16,80}", "long"),
    Token("Twilio key", "SK", r"[0-9a-f]{32}(?![A-Za-z0-9])", "long"),
    Token("Databricks token", "dapi", r"[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])", "long"),
    Token("Vault token", "hv", r"[sb]\.[\w\-]{24,300}", "long", is_mixed=True),
    Token(
        "Doppler token", "dp.", r"(?:pt|st|ct|sa|scim|audit)\.[\w\-.]{40,60}", "long", is_mixed=True
    ),
    Token("Terraform token", ".atlasv1.", r"[\w\-]{60,80}", "long", is_tail=True),
    Token("JFrog key", "AKCp", r"[A-Za-z0-9]{60,80}", "long"),
    Token("JFrog token", "cmVmdGtu", r"[A-Za-z0-9]{50,60}(?![A-Za-z0-9+/=])", "long"),
    Token("GitLab token", "GR1348941", r"[\w\-]{20,40}", "long", is_mixed=True),
    Token("Stripe webhook secret", "whsec_", r"[A-Za-z0-9+/=]{20,100}"),
    Token("Docker token", "dckr_pat_", r"[\w\-]{20,100}", "long"),
    Token("Sentry token", "sntry", r"[su]_[\w+/=\-]{40,300}", "long", is_mixed=True),
    Token("Weights & Biases key", "wandb_v1_", r"[\w\-]{40,120}", "long", is_mixed=True),
    Token("PlanetScale token", "pscale_", r"(?:tkn|pw|oauth)_[\w\-.]{32,64}", is_mixed=True),
    Token("Figma token", "figd_", r"[\w\-]{38,60}", "long", is_mixed=True),
    Token("GitLab token", "gl", r"(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent)-[\w\-.]{16,200}", "long"),
    Token("Google OAuth secret", "GOCSPX-", r"[\w\-]{20,60}", "long"),
    # An underscore, then a long word.
    Token("GitHub token", "gh", r"[pousr]_[A-Za-z0-9]{30,255}", "_"),
    Token("GitHub fine-grained token", "github_pat_", r"[A-Za-z0-9_]{30,255}", "_"),
    Token("Hugging Face token", "hf_", r"[A-Za-z0-9]{20,100}", "_", is_mixed=True),
    Token("Hugging Face token", "api_org_", r"[A-Za-z0-9]{30,100}", "_", is_mixed=True),
    Token("npm token", "npm_", r"[A-Za-z0-9]{30,100}", "_"),
    Token("Stripe key", "sk_", r"(?:live|test)_[A-Za-z0-9]{16,250}", "_"),
    Token("Stripe key", "rk_", r"(?:live|test)_[A-Za-z0-9]{16,250}", "_"),
    Token("DigitalOcean token", "do", r"[opr]_v1_[0-9a-f]{40,64}", "_"),
    Token("Groq key", "gsk_", r"[A-Za-z0-9]{40,80}", "_", is_mixed=True),
    Token("Replicate token", "r8_", r"[A-Za-z0-9]{30,50}", "_", is_mixed=True),
    Token("Shopify token", "shp", r"(?:at|ss|ca|pa)_[0-9a-f]{32}", "_"),
    Token("Linear key", "lin_api_", r"[A-Za-z0-9]{32,60}", "_"),
    Token("Grafana token", "glsa_", r"[A-Za-z0-9]{32}_[0-9a-f]{8}", "_"),
    Token("Notion token", "ntn_", r"[A-Za-z0-9]{40,60}", "_", is_mixed=True),
    Token("Supabase token", "sbp_", r"[0-9a-f]{40}", "_"),
    Token("RubyGems key", "rubygems_", r"[0-9a-f]{48}", "_"),
    Token("Clojars token", "CLOJARS_", r"[0-9a-f]{60}", "_"),
    Token("LangSmith key", "lsv2_", r"(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", "_"),
    Token("Shippo token", "shippo_", r"(?:live|test)_[0-9a-f]{40}", "_"),
    Token("Anyscale key", "aph0_", r"[A-Za-z0-9]{24,80}", "_", is_mixed=True),
    # A dash, then a long word with a digit.
    Token("Anthropic key", "sk-ant-", r"[\w\-]{20,200}", "-"),
    Token("OpenAI key", "sk-", r"(?!ant-)[\w\-]{20,250}", "-", is_mixed=True),
    Token(
        "Slack token",
        "xox",
        r"[abeoprs](?:\.xox[bp])?-(?=[A-Za-z\-]{0,60}[0-9])[A-Za-z0-9\-]{10,250}",
        "-",
    ),
    Token("Slack token", "xapp-", r"\d-[A-Za-z0-9\-]{20,250}", "-"),
    Token("PyPI token", "pypi-", r"[\w\-]{30,500}", "-", is_mixed=True),
    Token("age key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{50,80}", "-"),
    Token("NVIDIA key", "nvapi-", r"[\w\-]{40,100}", "-", is_mixed=True),
    Token("xAI key", "xai-", r"[A-Za-z0-9]{40,120}", "-", is_mixed=True),
    Token("Perplexity key", "pplx-", r"[A-Za-z0-9]{32,80}", "-", is_mixed=True),
    Token("Tavily key", "tvly-", r"[\w\-]{24,80}", "-", is_mixed=True),
    Token("Pulumi token", "pul-", r"[0-9a-f]{40}", "-"),
    Token("New Relic key", "NRAK-", r"[A-Z0-9]{27}", "-"),
    Token("Postman key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}", "-"),
    Token("Brevo key", "xkeysib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}", "-"),
    Token("Square secret", "sq0", r"(?:csp|atp)-[\w\-]{22,60}", "-"),
    Token("Heroku key", "HRKU-", r"[\w\-]{36,100}", "-", is_mixed=True),
)
