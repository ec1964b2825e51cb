"""The texts every bank starts with, in every language we write. A bank changes them as it likes.

Written after each migration where missing; what is there is never changed.
"""

from interactions.models import MessageKind, MessageTemplate

Kind, Form = MessageKind, MessageTemplate.Form

# kind → language → (subject, long text, short text)
TEXTS: dict[str, dict[str, tuple[str, str, str]]] = {
    Kind.BIRTHDAY: {
        "en": (
            "Happy birthday",
            "Dear {client},\n\nall of us at {bank} wish you a happy birthday: good health, and a year"
            " in which your plans come true.\n\nIf there is anything I can do for you, I am glad to hear"
            " from you.\n\nWith kind regards\n{manager}\n{bank}, {branch}",
            "Dear {client}, a happy birthday from all of us at {bank}. {manager}",
        ),
        "es": (
            "Feliz cumpleaños",
            "Estimado/a {client}:\n\nTodo el equipo de {bank} le desea un feliz cumpleaños: mucha salud y"
            " un año en el que se cumplan sus planes.\n\nSi puedo ayudarle en algo, será un placer.\n\n"
            "Un cordial saludo,\n{manager}\n{bank}, {branch}",
            "{client}, le deseamos un feliz cumpleaños. {manager}, {bank}",
        ),
        "zh-hans": (
            "祝您生日快乐",
            "尊敬的{client}：\n\n{bank}全体同事祝您生日快乐，身体健康，新的一年心想事成。\n\n"
            "如有任何需要，欢迎随时与我联系。\n\n此致\n敬礼\n{manager}\n{bank} {branch}",
            "尊敬的{client}，祝您生日快乐，身体健康！{bank} {manager}",
        ),
    },
    Kind.HOLIDAY: {
        "en": (
            "Good wishes for the holiday",
            "Dear {client},\n\n{holiday} is on {date}. I wish you and your family a good time together."
            "\n\nWith kind regards\n{manager}\n{bank}, {branch}",
            "Dear {client}, good wishes for the holiday to you and your family. {manager}, {bank}",
        ),
        "es": (
            "Nuestros mejores deseos",
            "Estimado/a {client}:\n\nEl {date} celebramos: {holiday}. Le deseo a usted y a su familia unos"
            " días muy agradables.\n\nUn cordial saludo,\n{manager}\n{bank}, {branch}",
            "{client}, nuestros mejores deseos para usted y su familia. {manager}, {bank}",
        ),
        "zh-hans": (
            "节日祝福",
            "尊敬的{client}：\n\n{date}是{holiday}。祝您和家人节日愉快，万事如意。\n\n"
            "此致\n敬礼\n{manager}\n{bank} {branch}",
            "尊敬的{client}，祝您和家人节日愉快，万事如意！{bank} {manager}",
        ),
    },
    Kind.MATURITY: {
        "en": (
            "{product} matures on {date}",
            "Dear {client},\n\nyour {product} matures on {date}. So that your money goes on working for"
            " you, I would like to talk with you in time about what comes next.\n\nWhen may I call you?"
            "\n\nWith kind regards\n{manager}\n{bank}, {branch}",
            "Dear {client}, your {product} matures on {date}. When may I call you? {manager}, {bank}",
        ),
        "es": (
            "{product}: vence el {date}",
            "Estimado/a {client}:\n\nSu producto {product} vence el {date}. Para que su dinero siga"
            " trabajando para usted, me gustaría hablar con tiempo sobre el siguiente paso.\n\n"
            "¿Cuándo puedo llamarle?\n\nUn cordial saludo,\n{manager}\n{bank}, {branch}",
            "{client}, su producto {product} vence el {date}. ¿Cuándo puedo llamarle? {manager}, {bank}",
        ),
        "zh-hans": (
            "{product}将于{date}到期",
            "尊敬的{client}：\n\n您的{product}将于{date}到期。为了让您的资金继续增值，"
            "希望提前与您商量后续安排。\n\n请问您什么时候方便接听电话？\n\n"
            "此致\n敬礼\n{manager}\n{bank} {branch}",
            "尊敬的{client}，您的{product}将于{date}到期，请问何时方便与您通话？{bank} {manager}",
        ),
    },
    Kind.NOTICE: {
        "en": (
            "News about your account",
            "Dear {client},\n\n{text}\n\nWith kind regards\n{manager}\n{bank}, {branch}",
            "Dear {client}, {text} {manager}, {bank}",
        ),
        "es": (
            "Novedades de su cuenta",
            "Estimado/a {client}:\n\n{text}\n\nUn cordial saludo,\n{manager}\n{bank}, {branch}",
            "{client}: {text} {manager}, {bank}",
        ),
        "zh-hans": (
            "账户通知",
            "尊敬的{client}：\n\n{text}\n\n此致\n敬礼\n{manager}\n{bank} {branch}",
            "尊敬的{client}：{text} {bank} {manager}",
        ),
    },
    Kind.OFFER: {
        "en": (
            "A proposal for you",
            "Dear {client},\n\nI have thought of you: {product} may suit what you told me.\n\n"
            "May I explain it to you, without obligation?\n\nWith kind regards\n{manager}\n{bank}, {branch}",
            "Dear {client}, {product} may suit you. May I explain it to you? {manager}, {bank}",
        ),
        "es": (
            "Una propuesta para usted",
            "Estimado/a {client}:\n\nHe pensado en usted: {product} puede encajar con lo que me contó.\n\n"
            "¿Me permite explicárselo, sin compromiso?\n\nUn cordial saludo,\n{manager}\n{bank}, {branch}",
            "{client}, {product} puede encajarle. ¿Me permite explicárselo? {manager}, {bank}",
        ),
        "zh-hans": (
            "为您准备的一个方案",
            "尊敬的{client}：\n\n结合您之前谈到的想法，我觉得{product}可能适合您。\n\n"
            "方便的话，我想为您介绍一下，您不必急于决定。\n\n此致\n敬礼\n{manager}\n{bank} {branch}",
            "尊敬的{client}，{product}可能适合您，方便时可否为您介绍？{bank} {manager}",
        ),
    },
    Kind.ARTICLE: {
        "en": (
            "Something worth reading",
            "Dear {client},\n\nyou asked about this, so here is something worth reading:\n\n{text}\n\n"
            "With kind regards\n{manager}\n{bank}, {branch}",
            "Dear {client}, something worth reading: {text} {manager}, {bank}",
        ),
        "es": (
            "Una lectura que le puede interesar",
            "Estimado/a {client}:\n\nComo me preguntó por este tema, aquí tiene una lectura:\n\n{text}\n\n"
            "Un cordial saludo,\n{manager}\n{bank}, {branch}",
            "{client}, una lectura que le puede interesar: {text} {manager}, {bank}",
        ),
        "zh-hans": (
            "一篇值得一读的文章",
            "尊敬的{client}：\n\n您之前问到这个话题，这里有一篇值得一读的文章：\n\n{text}\n\n"
            "此致\n敬礼\n{manager}\n{bank} {branch}",
            "尊敬的{client}，推荐您一篇文章：{text} {bank} {manager}",
        ),
    },
    Kind.INVITATION: {
        "en": (
            "Invitation: {event}",
            "Dear {client},\n\nI would like to invite you to “{event}”.\n\n{date}\n{place}\n\n"
            "Please tell us here whether you will come, and whether you bring somebody:\n{link}\n\n"
            "Your number at the door is {number}.\n\nWith kind regards\n{manager}\n{bank}, {branch}",
            "{bank} invites you: {event}, {day}: {link}",
        ),
        "es": (
            "Invitación: {event}",
            "Estimado/a {client}:\n\nMe gustaría invitarle a «{event}».\n\n{date}\n{place}\n\n"
            "Le ruego que nos diga aquí si vendrá y si le acompaña alguien:\n{link}\n\n"
            "Su número en la entrada es el {number}.\n\nUn cordial saludo,\n{manager}\n{bank}, {branch}",
            "{bank} le invita: {event}, {day}: {link}",
        ),
        "zh-hans": (
            "邀请函：{event}",
            "尊敬的{client}：\n\n诚邀您参加“{event}”。\n\n{date}\n{place}\n\n"
            "请通过以下链接告知您是否出席，以及是否有人同行：\n{link}\n\n"
            "您的入场号码是{number}。\n\n此致\n敬礼\n{manager}\n{bank} {branch}",
            "{bank}诚邀您参加{event}，{day}：{link}",
        ),
    },
}


def ensure_templates() -> None:
    """Create what is missing; never change what a bank has written. Repeatable."""
    have = set(MessageTemplate.objects.values_list("kind", "form", "language"))
    rows = []
    for kind, by_language in TEXTS.items():
        for language, (subject, long, short) in by_language.items():
            rows.append(
                MessageTemplate(kind=kind, form=Form.LONG, language=language, subject=subject, body=long)
            )
            rows.append(MessageTemplate(kind=kind, form=Form.SHORT, language=language, body=short))
    MessageTemplate.objects.bulk_create(row for row in rows if (row.kind, row.form, row.language) not in have)
