"""What an account manager writes down after a contact: short, concrete, in the language of the writer."""

from bankcrm.sample.dice import Dice

# What fills the gaps of the notes below.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "who": (
            "a brother",
            "the eldest son",
            "the better half",
            "the daughter",
            "the mother-in-law",
            "a neighbour",
        ),
        "month": ("January", "March", "May", "the summer", "September", "the autumn", "the end of the year"),
        "bank": (
            "Northgate",
            "Banco Austral",
            "the savings bank in the village",
            "Huijiang Bank",
            "an online bank",
        ),
        "hobby": ("the choir", "sailing", "the allotment", "ceramics", "chess", "the marathon", "old clocks"),
        "time": (
            "before ten",
            "after six",
            "at lunch",
            "on Thursdays",
            "only in writing",
            "never on Mondays",
        ),
        "trip": ("Lisbon", "the coast", "the parents", "Kyoto", "the mountains", "a fair in Milan"),
        "plan": (
            "a flat for the daughter",
            "a second shop",
            "a new roof",
            "the master's degree",
            "an electric van",
        ),
        "trouble": (
            "the card fee",
            "a transfer that took five days",
            "the closed counter",
            "the app on an old phone",
        ),
    },
    "es": {
        "who": ("su hermano", "el hijo mayor", "su pareja", "la hija", "la suegra", "un vecino", "su socia"),
        "month": ("enero", "marzo", "mayo", "el verano", "septiembre", "el otoño", "final de año"),
        "bank": (
            "Banco Austral",
            "la caja del pueblo",
            "Northgate",
            "un banco por internet",
            "Caja del Valle",
        ),
        "hobby": (
            "el coro",
            "la vela",
            "el huerto",
            "la cerámica",
            "el ajedrez",
            "la maratón",
            "los relojes viejos",
        ),
        "time": (
            "antes de las diez",
            "a partir de las seis",
            "a la hora de comer",
            "los jueves",
            "solo por escrito",
        ),
        "trip": ("Lisboa", "la costa", "casa de sus padres", "Oaxaca", "la sierra", "una feria en Milán"),
        "plan": (
            "un piso para la hija",
            "un segundo local",
            "el tejado",
            "el máster",
            "una furgoneta eléctrica",
        ),
        "trouble": (
            "la comisión de la tarjeta",
            "una transferencia que tardó cinco días",
            "la ventanilla cerrada",
        ),
    },
    "zh": {
        "who": ("弟弟", "大儿子", "爱人", "女儿", "岳母", "老邻居", "合伙人"),
        "month": ("一月", "三月", "五月", "暑假", "九月", "秋天", "年底"),
        "bank": ("汇江银行", "另一家银行", "老家的信用社", "网上银行", "东埠银行"),
        "hobby": ("合唱团", "书法", "养花", "陶艺", "下棋", "跑步", "收藏老茶壶"),
        "time": ("上午十点前", "下午六点后", "午休时间", "周四", "微信留言就好", "别在周一打"),
        "trip": ("杭州", "海边", "父母家", "京都", "山里", "广州的展会"),
        "plan": ("给女儿买套小房子", "再开一家店", "翻修老屋", "孩子读研", "换一辆电动货车"),
        "trouble": ("卡的年费", "一笔到账太慢的转账", "柜台排队太久", "手机银行登录不上"),
    },
}

NOTES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "keeping_in_touch": (
            "Short call. Back from {trip}, rested; asked how the rate decision will affect deposits.",
            "Talked about {hobby} more than about money. Wants to hear from us again in {month}.",
            "Met in the street market by chance, had coffee. Thinking about {plan}, nothing decided.",
            "In good spirits. {Who} may come along next time, also has savings at {bank}.",
            "Busy with the move. Call again in {month}, best {time}.",
            "Says the statements are too long to read. Promised a one-page summary with the next one.",
            "Asked whether the branch will keep its Saturday hours. Said what we know.",
            "Recovering from an operation; did not want to talk business. Sent our wishes.",
        ),
        "review": (
            "Went through all positions. Keeps {money} liquid for {plan}; the rest can stay for longer.",
            "Half-yearly review, 40 minutes. Too much in one currency; will think about shifting {money}.",
            "Compared the fund with its index together. Content, wants to see costs separately next time.",
            "Risk questionnaire gone through again, same result. Mentioned {money} at {bank}.",
            "{Who} takes part in decisions now; come with figures on paper, not on a screen.",
            "No changes wanted before {month}. Prefers to be reached {time}.",
        ),
        "product": (
            "Interested in the short bond fund, about {money}. Send the two pages, not the brochure.",
            "Asked for a loan to pay for {plan}. Needs figures by the end of the week.",
            "Not convinced by the insurance; had a bad experience with {bank}. Leave it for now.",
            "Wants to buy gold for {who}, a small bar. Explained storage and spread.",
            "Would move {money} from {bank} if we match their rate.",
        ),
        "maturity": (
            "Deposit falls due: renews for twelve months, takes {money} out for {plan}.",
            "Undecided about the maturing deposit, waits for the rate decision. Call two days before.",
            "Wants the matured money on the current account; {plan} comes first.",
            "Renewed on the phone. Asked to be told a week earlier next time.",
            "Compares with {bank}, who offers a little more. Asked for our last word by Friday.",
        ),
        "birthday": (
            "Congratulated. Was surprised that we remembered; a small party with {who} tonight.",
            "Birthday call, three minutes. Flowers had arrived in the morning.",
            "Does not celebrate this year, but was glad of the call.",
            "Wished all the best; told me about {trip} and a present from {who}.",
        ),
        "service": (
            "New card has arrived, but not the code. Ordered again, will be there in four days.",
            "Asked to change the address; sent the form.",
            "Wanted to know how to name {who} on the account. Explained, appointment to follow.",
            "Limit for transfers raised for one day, for the notary.",
        ),
        "complaint": (
            "Annoyed about {trouble}. Listened, apologised, will answer by Friday.",
            "Called back about {trouble}: fee refunded, satisfied with the answer.",
            "Still waiting for an explanation of {trouble}. Said openly that {bank} is courting them.",
        ),
        "education": (
            "Came to the talk on inheritance with {who}; two questions about gifts while alive.",
            "Read the article on rate cuts, wants the next one as well.",
            "Invited to the lecture in {month}. Would bring {who}.",
        ),
        "other": ("Asked for the opening hours in the holidays.", "Thanked for the help with the notary."),
    },
    "es": {
        "keeping_in_touch": (
            "Llamada corta. Acaba de volver de {trip}; pregunta qué pasará con los depósitos.",
            "Hablamos más de {hobby} que de dinero. Que volvamos a llamar en {month}.",
            "Nos vimos por casualidad en el mercado y tomamos un café. Piensa en {plan}, nada decidido.",
            "De buen humor. La próxima vez vendrá con {who}, que también tiene ahorros en {bank}.",
            "Con la mudanza encima. Volver a llamar en {month}, mejor {time}.",
            "Dice que los extractos son demasiado largos. Prometí un resumen de una página.",
            "Pregunta si seguimos abriendo los sábados. Le dije lo que sabemos.",
            "Se recupera de una operación; no quiso hablar de negocios. Le deseamos lo mejor.",
            "Agradece la atención en ventanilla. Cuenta que {who} busca banco.",
        ),
        "review": (
            "Repasamos todas las posiciones. Deja {money} disponibles para {plan}; el resto puede esperar.",
            "Revisión semestral, 40 minutos. Demasiado en una sola moneda; pensará en mover {money}.",
            "Comparamos el fondo con su índice. Conforme; la próxima vez quiere ver los gastos aparte.",
            "Repetimos el cuestionario de riesgo, mismo resultado. Mencionó {money} en {bank}.",
            "Ahora decide también {who}; llevar las cifras en papel.",
            "Sin cambios hasta {month}. Prefiere que le escribamos o llamemos {time}.",
        ),
        "product": (
            "Le interesa el fondo de renta fija a corto, unos {money}. Enviar las dos hojas, no el folleto.",
            "Pregunta por un préstamo para {plan}. Necesita números esta semana.",
            "El seguro no le convence; tuvo una mala experiencia con {bank}. Dejarlo por ahora.",
            "Quiere comprar oro para {who}, una pieza pequeña. Expliqué custodia y diferencial.",
            "Traería {money} de {bank} si igualamos el tipo.",
        ),
        "maturity": (
            "Vence el depósito: renueva a doce meses y retira {money} para {plan}.",
            "Aún no sabe qué hará al vencimiento, espera la decisión de tipos. Llamar dos días antes.",
            "Quiere el dinero en la cuenta; primero {plan}.",
            "Renovó por teléfono. Pide que le avisemos una semana antes.",
            "Compara con {bank}, que paga algo más. Espera nuestra última oferta el viernes.",
        ),
        "birthday": (
            "Felicitación. Le sorprendió que nos acordáramos; hoy cena con {who}.",
            "Llamada de cumpleaños, tres minutos. Las flores llegaron por la mañana.",
            "Este año no lo celebra, pero agradeció la llamada.",
            "Le deseé lo mejor; me habló de {trip} y de un regalo de {who}.",
        ),
        "service": (
            "Llegó la tarjeta nueva, pero no la clave. Pedida otra vez, cuatro días.",
            "Cambio de domicilio; enviado el formulario.",
            "Quiere autorizar a {who} en la cuenta. Explicado, queda pendiente la cita.",
            "Límite de transferencias ampliado un día, para la notaría.",
        ),
        "complaint": (
            "Está muy a disgusto por {trouble}. Escuché, pedí disculpas, respuesta antes del viernes.",
            "Le devolví la llamada por {trouble}: importe abonado, queda conforme.",
            "Sigue esperando una explicación por {trouble}. Dice claramente que {bank} le busca.",
        ),
        "education": (
            "Vino a la charla sobre herencias con {who}; dos preguntas sobre donaciones en vida.",
            "Leyó el artículo sobre la bajada de tipos, quiere el siguiente.",
            "Invitación a la conferencia de {month}. Traería a {who}.",
        ),
        "other": ("Pregunta por el horario en festivos.", "Agradece la ayuda con la notaría."),
    },
    "zh": {
        "keeping_in_touch": (
            "简短通话。刚从{trip}回来，问降息对存款有什么影响。",
            "聊{hobby}比聊钱多。希望{month}再联系。",
            "在市场偶遇，一起喝了茶。在考虑{plan}，还没定。",
            "心情不错。下次可能带{who}一起来，{who}在{bank}也有存款。",
            "正在搬家，{month}再打，最好{time}。",
            "说对账单太长看不完，答应下次附一页摘要。",
            "问周六还开不开门，照实说了。",
            "刚做完手术在休养，不谈业务，转达了问候。",
            "对柜台服务满意，说{who}也想换银行。",
        ),
        "review": (
            "逐项看了持仓。留{money}随时可用，准备{plan}，其余可以放长一些。",
            "半年回顾，谈了四十分钟。单一币种占比太高，考虑调整{money}。",
            "一起把基金和指数对比了，基本满意，下次想单独看费用。",
            "重做了风险测评，结果不变。提到在{bank}有{money}。",
            "现在{who}也参与决定，下次带纸质材料。",
            "{month}前不动。联系时间：{time}。",
        ),
        "product": (
            "对短债基金有兴趣，大约{money}。只要两页说明，不要宣传册。",
            "想贷款用于{plan}，本周内要看到测算。",
            "对保险不放心，以前在{bank}吃过亏，先不提。",
            "想给{who}买小金条，说明了保管和价差。",
            "如果利率一样，愿意从{bank}转来{money}。",
        ),
        "maturity": (
            "存款到期：续存十二个月，取出{money}用于{plan}。",
            "到期的钱还没想好，等利率消息。到期前两天再打。",
            "到期的钱先放活期，{plan}要紧。",
            "电话里续存了，希望下次提前一周通知。",
            "在和{bank}比较，对方高一点。周五前要我们的最后报价。",
        ),
        "birthday": (
            "祝了生日快乐，没想到我们记得，晚上和{who}吃饭。",
            "生日电话三分钟，花上午已经送到。",
            "今年不过生日，但接到电话很高兴。",
            "祝生日快乐，聊到{trip}和{who}送的礼物。",
        ),
        "service": (
            "新卡到了，密码还没到，已重新申请，四天左右。",
            "要改通讯地址，表格已发。",
            "想给{who}开授权，说明了手续，等预约。",
            "转账限额临时调高一天，办房产手续用。",
        ),
        "complaint": (
            "对{trouble}不满。听完，道了歉，周五前答复。",
            "回电解释{trouble}：费用已退，客户接受。",
            "还在等{trouble}的说法，直说{bank}也在找过来。",
        ),
        "education": (
            "和{who}一起来听传承讲座，问了两个关于赠与的问题。",
            "看了降息那篇文章，下一篇也要。",
            "邀请参加{month}的讲座，会带{who}来。",
        ),
        "other": ("问节假日营业时间。", "感谢帮忙办公证。"),
    },
}

# A second sentence, now and then.
ENDINGS: dict[str, tuple[str, ...]] = {
    "en": (
        "Best reached {time}.",
        "Mentioned {money} at {bank} in passing.",
        "{Who} had called the branch before.",
        "Asked again about {plan}.",
        "Loves {hobby}.",
    ),
    "es": (
        "Mejor {time}.",
        "De paso mencionó {money} en {bank}.",
        "Antes había llamado {who} a la oficina.",
        "Volvió a preguntar por {plan}.",
        "Su pasión: {hobby}.",
    ),
    "zh": (
        "联系时间：{time}。",
        "顺便提到在{bank}有{money}。",
        "{who}之前来过电话。",
        "又提到{plan}。",
        "喜欢{hobby}。",
    ),
}

NOT_REACHED: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "no_answer": ("Rang out.", "No answer, try {time}.", "No answer at both numbers."),
        "message_left": (
            "Left word on the machine.",
            "Spoke to {who}, who will pass it on.",
            "Short message sent.",
        ),
        "busy": ("Engaged, twice.", "In a meeting, asked me to try another day."),
        "wrong_number": ("Number belongs to someone else now. Ask for the new one.",),
        "declined": (
            "Friendly, but no time for the bank now.",
            "Does not want calls about offers this year.",
        ),
    },
    "es": {
        "no_answer": ("No contesta.", "No contesta, probar {time}.", "Sin respuesta en los dos números."),
        "message_left": (
            "Mensaje en el contestador.",
            "Hablé con {who}, le dará el recado.",
            "Mensaje breve enviado.",
        ),
        "busy": ("Comunica, dos veces.", "En una reunión, que probemos otro día."),
        "wrong_number": ("El número ya es de otra persona. Pedir el nuevo.",),
        "declined": (
            "Amable, pero ahora no tiene tiempo para el banco.",
            "No quiere llamadas con ofertas este año.",
        ),
    },
    "zh": {
        "no_answer": ("无人接听。", "没接，{time}再试。", "两个号码都没接。"),
        "message_left": ("留了言。", "{who}接的，会转告。", "发了短消息。"),
        "busy": ("占线，两次。", "在开会，改天再打。"),
        "wrong_number": ("号码已换人，需要新号码。",),
        "declined": ("很客气，但现在没空。", "今年不想接推荐电话。"),
    },
}


def spoken(amount: int, currency: str, language: str) -> str:
    """An amount as the note's writer would put it down."""
    if language == "zh":
        return f"{amount // 10_000}万" if amount >= 10_000 and currency == "CNY" else f"{amount} {currency}"
    mark = "." if language == "es" and currency == "EUR" else ","
    return f"{amount:,}".replace(",", mark) + f" {currency}"


def note(random: Dice, language: str, theme: str, result: str, money: str) -> str:
    """The words of one contact; "en", "es" or "zh"."""
    if result == "reached":
        text = random.choice(NOTES[language][theme])
        if random.random() < 0.2:
            text += ("" if language == "zh" else " ") + random.choice(ENDINGS[language])
    else:
        text = random.choice(NOT_REACHED[language][result])
    filled = {slot: random.choice(choices) for slot, choices in WORDS[language].items()}
    who = filled["who"]
    return text.format(money=money, Who=who[0].upper() + who[1:], **filled)
