/// Words that tell what a product review is about and how it sounds, in a few languages.
enum Vocabulary {
    private enum Meaning {
        case positive, negative
        case category(String)
    }

    struct Findings: Equatable {
        var category: String
        /// `positive`, `negative`, `mixed` or `neutral`.
        var sentiment: String
    }

    /// Counts the words of lowercased text.
    ///
    /// The category with most words wins, on a tie the first in the alphabet.
    static func count(in text: Substring) -> Findings {
        var (positive, negative) = (0, 0)
        var categories: [String: Int] = [:]
        for word in text.split(whereSeparator: { !$0.isLetter }) {
            switch meanings[word] {
            case .positive: positive += 1
            case .negative: negative += 1
            case .category(let name): categories[name, default: 0] += 1
            case nil: break
            }
        }
        let most = categories.min { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        return Findings(category: most?.key ?? "other", sentiment: sentiment(positive, negative))
    }

    private static func sentiment(_ positive: Int, _ negative: Int) -> String {
        if positive == 0, negative == 0 { return "neutral" }
        if positive > 2 * negative { return "positive" }
        if negative > 2 * positive { return "negative" }
        return "mixed"
    }

    private static let meanings: [Substring: Meaning] = {
        var meanings: [Substring: Meaning] = [:]
        for word in praise.split(whereSeparator: \.isWhitespace) { meanings[word] = .positive }
        for word in complaints.split(whereSeparator: \.isWhitespace) { meanings[word] = .negative }
        for (category, words) in products {
            for word in words.split(whereSeparator: \.isWhitespace) { meanings[word] = .category(category) }
        }
        return meanings
    }()

    private static let praise = """
        great excellent love loved loves perfect perfectly wonderful amazing fantastic delicious comfortable sturdy
        recommend happy impressed beautiful reliable quiet favourite favorite superb delighted brilliant cosy tasty
        crisp gorgeous flawless pleased worth lovely solid toll super perfekt lecker empfehlen begeistert zufrieden
        klasse ausgezeichnet bequem schön parfait parfaite parfaits parfaites excellente génial délicieux recommande ravie ravi magnifique
        excelente encanta perfecto delicioso recomiendo contenta contento ottimo perfetto consiglio bellissimo
        buonissimo felice ótimo adorei recomendo
        """

    private static let complaints = """
        broken broke terrible awful disappointed disappointing waste refund useless cracked leaks leaking leaked stale
        faulty flimsy cheap scratched defective worst horrible uncomfortable torn ripped dead died rotten returned bland
        noisy stopped smells misleading avoid kaputt enttäuscht schlecht defekt leider unbrauchbar mangelhaft zurück
        cassé cassée déçu déçue mauvais mauvaise nul remboursement malheureusement roto rota rotos rotas malo mala decepcionado
        decepcionada devolver inútil rotto rotta deluso delusa pessimo scadente quebrado péssimo
        """

    private static let products: [(category: String, words: String)] = [
        (
            "food",
            """
            coffee tea chocolate pasta sauce biscuits cereal honey snack snacks olive cheese granola flavour flavor taste
            kaffee tee schokolade honig café thé chocolat miel aceite galletas biscotti olio recipe jam spices
            """
        ),
        (
            "electronics",
            """
            headphones battery charger cable bluetooth speaker keyboard mouse screen router webcam earbuds laptop tablet
            monitor akku kopfhörer ladegerät écouteurs batterie chargeur auriculares batería cuffie batteria caricatore
            """
        ),
        (
            "clothing",
            """
            shirt jacket sweater jeans shoes boots socks dress size fabric coat sleeves scarf hemd jacke schuhe größe
            chemise veste chaussures taille camisa chaqueta zapatos talla giacca scarpe taglia
            """
        ),
        (
            "kitchen",
            """
            pan knife blender kettle toaster mixer pot mug oven spatula grater pfanne messer wasserkocher poêle couteau
            bouilloire sartén cuchillo batidora padella coltello frullatore
            """
        ),
        (
            "toys",
            """
            toy puzzle doll lego kids toddler game blocks daughter son grandson spielzeug kinder puppe jouet enfants
            poupée juguete niños muñeca giocattolo bambini
            """
        ),
        (
            "books",
            """
            book novel author chapter chapters story pages reader paperback plot buch roman seiten autorin livre auteur
            chapitres libro novela autora capítulos pagine
            """
        ),
        (
            "garden",
            """
            hose seeds plant plants soil shovel mower garden pots shears pruning garten pflanzen schlauch jardin plantes
            tuyau jardín manguera giardino piante
            """
        ),
        (
            "beauty",
            """
            shampoo cream skin lotion perfume lipstick conditioner soap serum haut creme peau crème parfum piel crema
            pelle profumo
            """
        ),
        (
            "sports",
            """
            yoga mat bike helmet tent racket ball dumbbells running fahrrad zelt helm vélo tente casque bicicleta tienda
            casco bici tenda
            """
        ),
    ]
}
