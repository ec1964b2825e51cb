"""Invented people and firms from many cultures, written the way each culture writes them.

Every list here was made for this project; any likeness to a living person is chance.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bankcrm.sample.dice import Dice

FEMALE, MALE = "female", "male"


@dataclass(frozen=True)
class Name:
    """How a person is called: as shown, in parts, and in the script of home."""

    name: str
    given: str
    family: str
    native: str = ""


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`a=b c=d` as pairs; `_` stands for a blank inside a name."""
    return tuple(
        (left.replace("_", " "), right.replace("_", " "))
        for left, right in (pair.split("=") for pair in text.split())
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


SPANISH = {
    FEMALE: _list(
        "Lucía Carmen Nerea Inmaculada Beatriz Rocío Almudena Marta Elvira Amparo Noelia Paloma"
        " Begoña Consuelo Irene Leire Macarena Olalla Remedios Sonsoles Teresa Úrsula Violeta"
        " Yolanda Nuria María_José Ana_Belén María_de_los_Ángeles Rosa_María Isabel Montserrat Pilar"
        " Raquel Encarnación"
    ),
    MALE: _list(
        "Álvaro Íñigo Rubén Gonzalo Sergio Fermín Joaquín Germán Óscar Tomás Víctor Nicolás Ramón"
        " Félix Eusebio Adrián Borja Ignacio Jesús Lorenzo Mateo Pelayo Raúl Saúl Santiago José_Luis"
        " Juan_Antonio Miguel_Ángel Francisco_Javier Andrés Rodrigo Xavier Unai Marcelino"
    ),
}
SPANISH_FAMILIES = _list(
    "Echeverría Zubizarreta Olmedo Quintanilla Peñalver Ibáñez Carrasco Villanueva Ordóñez Bermúdez"
    " Arrieta Castañeda Domínguez Escribano Figueroa Gallardo Hinojosa Lizarraga Manzanares Núñez"
    " Orozco Pastrana Quiroga Robledo Saldaña Tejedor Urrutia Valdivieso Yáñez Zamorano Acebedo"
    " Benavente Córdoba Duarte Espinosa Montalbán de_la_Torre del_Río de_los_Santos Sánchez_de_León"
    " García_de_la_Vega Fernández_de_Castro"
)
MEXICAN = {
    FEMALE: _list(
        "Xóchitl Citlali Guadalupe Ximena Itzel Marisol Fernanda Montserrat Alejandra Araceli"
        " Yadira Renata Regina Jimena Dulce_María Esperanza Rosario Yaretzi Socorro Magdalena"
        " Constanza Ana_Lilia María_del_Carmen Maricela Verónica Leticia Norma_Angélica Paulina"
        " Elizabeth Graciela"
    ),
    MALE: _list(
        "Cuauhtémoc Emiliano Jesús_Ángel Ramiro Heriberto Rigoberto Salvador Efraín Moisés Abelardo"
        " Leobardo Gerardo Rodrigo Iker Bernardo Armando Ezequiel Everardo Tonatiuh Porfirio"
        " Juan_Pablo José_Guadalupe Luis_Fernando Héctor Arturo Octavio Raymundo Eduardo Gilberto"
        " Víctor_Manuel"
    ),
}
MEXICAN_FAMILIES = _list(
    "Treviño Cuautle Xicoténcatl Zaragoza Garza Cantú Villarreal Ocampo Tlapale Barragán Casillas"
    " Cárdenas Escamilla Fuentes Galindo Huerta Iturbide Jaramillo Lozano Madrigal Nájera Olvera"
    " Pacheco Quezada Rentería Sepúlveda Tamayo Ugalde Valenzuela Zepeda Aguirre Becerra Covarrubias"
    " Dávalos Elizondo Hernández Ramírez Ponce_de_León de_la_Garza Montes_de_Oca"
)
PORTUGUESE = {
    FEMALE: _list("Inês Conceição Leonor Graça Beatriz Luísa Mafalda Benedita Filipa Teresa Joana Francisca"),
    MALE: _list("João Duarte Estêvão Luís Vasco Gonçalo Sebastião Tomé Henrique Afonso Tiago Martim"),
}
PORTUGUESE_FAMILIES = _list(
    "Baptista Lemos Guimarães Conceição Magalhães Araújo Brandão Falcão Simões Nóbrega da_Câmara"
    " dos_Santos Carvalhais Furtado Pimentel Vasconcelos"
)
POLISH = {
    FEMALE: _list(
        "Katarzyna Małgorzata Agnieszka Łucja Zofia Wiesława Jadwiga Bożena Róża Elżbieta Dobrosława"
    ),
    MALE: _list(
        "Wojciech Łukasz Zbigniew Grzegorz Paweł Stanisław Michał Krzysztof Bogusław Jędrzej Zdzisław"
    ),
}
POLISH_STEMS = _list(
    "Wiśniewsk Jabłońsk Zielińsk Górsk Brzezińsk Dąbrowsk Szczepańsk Żukowsk Świątkowsk Piątkowsk"
)
POLISH_FIXED = _list("Wójcik Kaczmarek Krawczyk Wrzesień Żak Stępień Gołąb Sobczyk")
NIGERIAN = {
    FEMALE: _list("Adaeze Folasade Ngozi Chidinma Yetunde Amarachi Ọlábísí Ifeoma Titilayo Nkechinyere"),
    MALE: _list("Oluwaseun Chukwuemeka Babatunde Obinna Tobiloba Ikechukwu Olúwafẹ́mi Uchenna Ayodele Emeka"),
}
NIGERIAN_FAMILIES = _list(
    "Adeyemi Okonkwo Adebayo Nwachukwu Ogunleye Eze Balogun Onyekachi Akinwale-George Ọ̀ṣúndáre"
    " Nnamdi Oyelaran"
)
ARABIC = {
    FEMALE: _pairs(
        "Fatima=فاطمة Layla=ليلى Noura=نورة Salma=سلمى Houda=هدى Yasmin=ياسمين Zaynab=زينب"
        " Maryam=مريم Rania=رانيا Samira=سميرة Amina=أمينة"
    ),
    MALE: _pairs(
        "Youssef=يوسف Khalid=خالد Omar=عمر Hassan=حسن Tariq=طارق Karim=كريم Ibrahim=إبراهيم"
        " Mustafa=مصطفى Said=سعيد Nasser=ناصر Abderrahman=عبد_الرحمن"
    ),
}
ARABIC_FAMILIES = _pairs(
    "Al-Mansouri=المنصوري El_Fassi=الفاسي Haddad=حداد Benjelloun=بن_جلون Alaoui=العلوي"
    " Al-Khatib=الخطيب Nassar=نصار Khoury=خوري El_Shami=الشامي Al-Zahrani=الزهراني Bennani=بناني"
    " Qabbani=قباني"
)
VIETNAMESE_FAMILIES = _list("Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý")
VIETNAMESE = {
    FEMALE: (
        _list("Thị_Hồng Thị Ngọc Thu Kim Thị_Minh Bích"),
        _list("Nhung Lan Hương Thảo Linh Trang Hạnh Mai Yến"),
    ),
    MALE: (_list("Văn Minh Đức Quang Hữu Xuân"), _list("Hùng Tuấn Dũng Long Bảo Khánh Thành Phúc Sơn Trí")),
}
INDIAN = {
    FEMALE: _pairs(
        "Priya=प्रिया Meera=मीरा Sunita=सुनीता Deepika=दीपिका Ananya=अनन्या Lakshmi=लक्ष्मी"
        " Kavitha=कविता Radhika=राधिका Aparna=अपर्णा Nandini=नंदिनी Vasudha=वसुधा"
    ),
    MALE: _pairs(
        "Arjun=अर्जुन Rajesh=राजेश Sanjay=संजय Vikram=विक्रम Manish=मनीष Anand=आनंद Karthik=कार्तिक"
        " Rohan=रोहन Suresh=सुरेश Harish=हरीश Ashwin=अश्विन"
    ),
}
# Families of the south and the east do not write Devanagari at home: no native form.
INDIAN_FAMILIES = (
    *_pairs("Malhotra=मल्होत्रा Chaudhary=चौधरी Deshpande=देशपांडे Kulkarni=कुलकर्णी Mehrotra=मेहरोत्रा"),
    *(
        (name, "")
        for name in _list(
            "Venkataraghavan Raghunathan Subramaniam Krishnamurthy Chatterjee Mukhopadhyay"
            " Bhattacharya Gopalakrishnan"
        )
    ),
)
ICELANDIC = {
    FEMALE: _list("Þórdís Guðrún Sigríður Hrafnhildur Ásdís Bryndís Kristín Ragnheiður Æsa"),
    MALE: _list("Guðmundur Jón Sigurður Ólafur Þorsteinn Björn Einar Hallgrímur Örn"),
}
ICELANDIC_FATHERS = _list(
    "Guðmunds Jóns Sigurðar Ólafs Þorsteins Björns Einars Hallgríms Stefáns Magnús Gunnars"
)
TURKISH = {
    FEMALE: _list("Ayşe Zeynep Elif Şebnem Gülşah Özge Çiğdem Nurcan Tuğba İpek"),
    MALE: _list("Mehmet Yiğit Çağlar Umut Oğuz İbrahim Şükrü Görkem Serkan Işıtan"),
}
TURKISH_FAMILIES = _list(
    "Yıldırım Öztürk Çelik Şahin Kılıç Aydoğan Güneş Karaçam Demirtaş Işık Uğurlu Büyükdağ"
)
GERMAN = {
    FEMALE: _list("Annegret Käthe Jördis Ulrike Friederike Sabine Heike Grit Rosemarie"),
    MALE: _list("Jürgen Götz Wolfgang Sönke Matthias Ruprecht Lüder Karl-Heinz Joachim"),
}
GERMAN_FAMILIES = _list(
    "Großmann Schäfer Köhler Brückner von_der_Heide Weißhaupt Jäger Kühnel Löwenthal Schönfeld"
    " Schulze-Bremer Oertel"
)
ENGLISH = {
    FEMALE: _list("Harriet Imogen Beatrice Gwen Siobhán Eleanor Philippa Maeve Rosalind"),
    MALE: _list("Alistair Rupert Dylan Fergus Callum Edmund Hugh Owen Barnaby"),
}
ENGLISH_FAMILIES = _list(
    "Fairweather O'Sullivan Ashworth McAllister Thistlewood Braithwaite Penhaligon Pritchard-Jones"
    " Whitlock Cadwallader Hargreaves Featherstonehaugh"
)
FRENCH = {
    FEMALE: _list("Hélène Élodie Geneviève Anaïs Béatrice Clémence Maëlle Noémie Françoise"),
    MALE: _list("Benoît François Gaël Jérôme Loïc Rémi Étienne Théo Jean-Baptiste"),
}
FRENCH_FAMILIES = _list(
    "Lefèvre Dubois-Laval Gauthier Bélanger Rousseau de_Saint-Aubin d'Arcourt Prévost Mézières"
    " Duchêne L'Hermitte"
)
JAPANESE = {
    FEMALE: _pairs(
        "Yuki=由紀 Misaki=美咲 Sakura=さくら Yōko=陽子 Naomi=直美 Hinata=ひなた Chihiro=千尋"
        " Megumi=恵 Aoi=葵 Yui=ゆい"
    ),
    MALE: _pairs(
        "Kenta=健太 Shō=翔 Daisuke=大輔 Makoto=誠 Takuya=拓也 Ichirō=一郎 Hayato=隼人 Osamu=修 Takeshi=剛志"
    ),
}
JAPANESE_FAMILIES = _pairs(
    "Tanabe=田辺 Watanabe=渡辺 Kobayashi=小林 Katō=加藤 Yamaguchi=山口 Morita=森田 Ishikawa=石川"
    " Nakajima=中島 Fujiwara=藤原 Okamoto=岡本 Nishimura=西村 Kawakami=川上"
)
KOREAN = {
    FEMALE: _pairs(
        "Seo-yeon=서연 Ji-woo=지우 Min-seo=민서 Ha-eun=하은 Soo-jin=수진 Eun-ji=은지 Hye-won=혜원"
        " Yoon-ah=윤아"
    ),
    MALE: _pairs(
        "Min-jun=민준 Do-yun=도윤 Ji-ho=지호 Seung-hyun=승현 Tae-yang=태양 Jae-won=재원 Dong-wook=동욱"
    ),
}
KOREAN_FAMILIES = _pairs(
    "Kim=김 Lee=이 Park=박 Choi=최 Jung=정 Kang=강 Cho=조 Yoon=윤 Jang=장 Lim=임 Han=한 Oh=오"
    " Seo=서 Shin=신 Kwon=권 Hwang=황"
)
CHINESE_FAMILIES = _pairs(
    "Chen=陈 Wang=王 Li=李 Zhang=张 Liu=刘 Yang=杨 Huang=黄 Zhao=赵 Wu=吴 Zhou=周 Xu=徐 Sun=孙"
    " Ma=马 Zhu=朱 Hu=胡 Guo=郭 He=何 Lin=林 Gao=高 Luo=罗 Zheng=郑 Liang=梁 Xie=谢 Song=宋 Tang=唐"
    " Xu=许 Han=韩 Feng=冯 Deng=邓 Cao=曹 Peng=彭 Zeng=曾 Xiao=萧 Tian=田 Dong=董 Yuan=袁 Pan=潘"
    " Jiang=蒋 Cai=蔡 Yu=余 Du=杜 Ye=叶 Cheng=程 Su=苏 Wei=魏 Lü=吕 Ding=丁 Shen=沈 Ouyang=欧阳"
    " Sima=司马 Shangguan=上官"
)
CHINESE = {
    FEMALE: _pairs(
        "mei=美 lin=琳 ya=雅 ting=婷 fang=芳 jing=静 min=敏 li=丽 juan=娟 xiu=秀 ying=英 hui=慧"
        " yu=玉 lan=兰 xue=雪 yan=燕 gui=桂 zhen=珍 qian=倩 yi=怡 xiao=晓 meng=梦 shi=诗 han=涵"
        " yue=月 xin=欣 rong=蓉 wei=薇 tong=彤 an=安"
    ),
    MALE: _pairs(
        "jian=建 guo=国 wei=伟 qiang=强 jun=军 lei=磊 yang=洋 yong=勇 jie=杰 tao=涛 ming=明 chao=超"
        " gang=刚 ping=平 hui=辉 peng=鹏 yu=宇 hao=浩 wen=文 bo=博 zhi=志 hong=宏 cheng=成 an=安"
        " feng=峰 hai=海 lin=林 de=德 en=恩"
    ),
}


def _western(
    givens: dict[str, tuple[str, ...]], families: tuple[str, ...], surnames: int = 1
) -> Callable[[Dice, str], Name]:
    def _make(random: Dice, gender: str) -> Name:
        given = random.choice(givens[gender])
        family = " ".join(random.sample(families, surnames))
        return Name(f"{given} {family}", given, family)

    return _make


def _spanish(givens: dict[str, tuple[str, ...]], families: tuple[str, ...]) -> Callable[[Dice, str], Name]:
    """Two family names; now and then a whole lineage, which lists and forms have to stand."""

    def _make(random: Dice, gender: str) -> Name:
        given = random.choice(givens[gender])
        first, second, third = random.sample(families, 3)
        family = f"{first} {second}"
        if random.random() < 0.03:
            family = f"{first} de la Fuente y {third}"
        return Name(f"{given} {family}", given, family)

    return _make


def _portuguese(random: Dice, gender: str) -> Name:
    given = random.choice(PORTUGUESE[gender])
    family = " ".join(random.sample(PORTUGUESE_FAMILIES, random.choice((1, 2, 2, 3))))
    return Name(f"{given} {family}", given, family)


def _polish(random: Dice, gender: str) -> Name:
    given = random.choice(POLISH[gender])
    if random.random() < 0.3:
        family = random.choice(POLISH_FIXED)
    else:
        family = random.choice(POLISH_STEMS) + ("a" if gender == FEMALE else "i")
    return Name(f"{given} {family}", given, family)


def _icelandic(random: Dice, gender: str) -> Name:
    given = random.choice(ICELANDIC[gender])
    family = random.choice(ICELANDIC_FATHERS) + ("dóttir" if gender == FEMALE else "son")
    return Name(f"{given} {family}", given, family)


def _vietnamese(random: Dice, gender: str) -> Name:
    middles, givens = VIETNAMESE[gender]
    family = random.choice(VIETNAMESE_FAMILIES)
    given = f"{random.choice(middles)} {random.choice(givens)}"
    return Name(f"{family} {given}", given, family)


def _arabic(random: Dice, gender: str) -> Name:
    given, given_native = random.choice(ARABIC[gender])
    family, family_native = random.choice(ARABIC_FAMILIES)
    return Name(f"{given} {family}", given, family, f"{given_native} {family_native}")


def _indian(random: Dice, gender: str) -> Name:
    given, given_native = random.choice(INDIAN[gender])
    family, family_native = random.choice(INDIAN_FAMILIES)
    native = f"{given_native} {family_native}" if family_native else ""
    return Name(f"{given} {family}", given, family, native)


def _japanese(random: Dice, gender: str) -> Name:
    given, given_native = random.choice(JAPANESE[gender])
    family, family_native = random.choice(JAPANESE_FAMILIES)
    return Name(f"{given} {family}", given, family, f"{family_native} {given_native}")


def _korean(random: Dice, gender: str) -> Name:
    given, given_native = random.choice(KOREAN[gender])
    family, family_native = random.choice(KOREAN_FAMILIES)
    return Name(f"{family} {given}", given, family, family_native + given_native)


def _chinese(random: Dice, gender: str) -> Name:
    family, family_native = random.choice(CHINESE_FAMILIES)
    syllables = random.sample(CHINESE[gender], 1 if random.random() < 0.2 else 2)
    given = syllables[0][0].capitalize()
    for sound, _character in syllables[1:]:
        given += f"'{sound}" if sound[0] in "aeo" else sound  # Li'an, not Lian
    return Name(f"{family} {given}", given, family, family_native + "".join(c for _sound, c in syllables))


MAKERS: dict[str, Callable[[Dice, str], Name]] = {
    "spanish": _spanish(SPANISH, SPANISH_FAMILIES),
    "mexican": _spanish(MEXICAN, MEXICAN_FAMILIES),
    "portuguese": _portuguese,
    "polish": _polish,
    "nigerian": _western(NIGERIAN, NIGERIAN_FAMILIES),
    "arabic": _arabic,
    "vietnamese": _vietnamese,
    "indian": _indian,
    "icelandic": _icelandic,
    "turkish": _western(TURKISH, TURKISH_FAMILIES),
    "german": _western(GERMAN, GERMAN_FAMILIES),
    "english": _western(ENGLISH, ENGLISH_FAMILIES),
    "french": _western(FRENCH, FRENCH_FAMILIES),
    "japanese": _japanese,
    "korean": _korean,
    "chinese": _chinese,
}
# The language a client of this culture would rather speak (ISO 639-1) and the country of the passport.
SPEAKS = {
    "spanish": ("es", "ES"),
    "mexican": ("es", "MX"),
    "portuguese": ("pt", "PT"),
    "polish": ("pl", "PL"),
    "nigerian": ("en", "NG"),
    "arabic": ("ar", "MA"),
    "vietnamese": ("vi", "VN"),
    "indian": ("en", "IN"),
    "icelandic": ("is", "IS"),
    "turkish": ("tr", "TR"),
    "german": ("de", "DE"),
    "english": ("en", "GB"),
    "french": ("fr", "FR"),
    "japanese": ("ja", "JP"),
    "korean": ("ko", "KR"),
    "chinese": ("zh", "CN"),
}

# -- organisations --------------------------------------------------------------------------------
SPANISH_TRADES = _list(
    "Panadería Talleres Cerámicas Bodegas Óptica Librería Conservas Viveros Imprenta Ferretería"
    " Muebles Transportes"
)
SPANISH_PLACES = _list(
    "del_Jarama Ribera_Alta Peñafría Guadalix Monte_Real La_Encina Tres_Olivos Fuente_Nueva"
)
MEXICAN_TRADES = _list(
    "Maderas Textiles Agroindustrias Alimentos Cementos_y_Prefabricados Tequilera Artesanías"
    " Refacciones Constructora"
)
MEXICAN_PLACES = _list(
    "del_Bajío Lago_Azul Sierra_Madre Los_Agaves Río_Hondo Valle_Dorado Tlaxicalco Cuatro_Vientos"
)
CHINESE_MARKS = _pairs(
    "Qinghe=清禾 Yunhai=云海 Hengtai=恒泰 Xinyue=新悦 Jinlan=锦兰 Dongfu=东孚 Huaqing=华青"
    " Ruilong=瑞隆 Anze=安泽 Mingde=明德"
)
CHINESE_TRADES = _pairs(
    "Ceramics=陶瓷 Textiles=纺织 Precision_Tools=精密工具 Tea=茶业 Logistics=物流"
    " Garden_Design=园林设计 Medical_Instruments=医疗器械 Foods=食品 Printing=印务"
)


def organisation(random: Dice, country: str) -> Name:
    """A firm, foundation or practice of the country; the Chinese ones with both names."""
    if country == "CN":
        mark, mark_native = random.choice(CHINESE_MARKS)
        trade, trade_native = random.choice(CHINESE_TRADES)
        return Name(f"Shanghai {mark} {trade} Co., Ltd.", "", "", f"上海{mark_native}{trade_native}有限公司")
    if country == "MX":
        family = random.choice(MEXICAN_FAMILIES)
        trade, place = random.choice(MEXICAN_TRADES), random.choice(MEXICAN_PLACES)
        form = random.choice(("S.A. de C.V.", "S. de R.L. de C.V.", "S.A.P.I. de C.V."))
        if random.random() < 0.12:
            return Name(
                f"Fundación {family} para las Artes Populares de {place.split(' ')[-1]}, A.C.", "", ""
            )
        return Name(f"{trade} {random.choice((place, family))} {form}", "", "")
    first, second = random.sample(SPANISH_FAMILIES, 2)
    trade, place = random.choice(SPANISH_TRADES), random.choice(SPANISH_PLACES)
    chance = random.random()
    if chance < 0.1:
        return Name(f"Cooperativa Agrícola y Ganadera de {place} y Comarca, S. Coop.", "", "")
    if chance < 0.3:
        return Name(f"{first} & {second} Asociados S.L.P.", "", "")
    if chance < 0.6:
        return Name(f"{trade} {first} e Hijos S.L.", "", "")
    return Name(f"{trade} {place} S.A.", "", "")


def person(random: Dice, culture: str, gender: str) -> Name:
    """One invented person of a culture."""
    return MAKERS[culture](random, gender)
