using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Fixtures;
using Antrea.Migration.Tests.Generators;

namespace Antrea.Migration.Tests.Addressing;

/// <summary>How the work grows with the number of prefixes, in operations on addresses: doubling the prefixes about doubles
/// it, whatever their shape.</summary>
[TestFixture(TypeArgs = [typeof(IPv4Key)])]
[TestFixture(TypeArgs = [typeof(IPv6Key)])]
internal class AddressingGrowthTests<TKey>
    where TKey : unmanaged, IAddressKey<TKey>
{
    private const int Count = 8000;
    private const double Doubling = 2.2;

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void Sorting(string shape) => Grows(shape, Sorted);

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void Nesting(string shape)
    {
        var (once, twice) = (Sorted(Make(shape, Count)), Sorted(Make(shape, 2 * Count)));
        Assert.That(
            Operations(() => PrefixNesting.ParentsOf(twice)),
            Is.LessThan(Doubling * Operations(() => PrefixNesting.ParentsOf(once))));
    }

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void Indexing(string shape) => Grows(shape, prefixes => Sorted(prefixes).Runs);

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void MemoryOfTheIndex(string shape)
    {
        var (once, twice) = (Sorted(Make(shape, Count)).Runs.Bytes, Sorted(Make(shape, 2 * Count)).Runs.Bytes);
        Console.WriteLine($"{twice / (2.0 * Count):F1} bytes a prefix");
        Assert.That(twice, Is.LessThan(Doubling * once).And.LessThan(2 * Count * 100));
    }

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void Counting_OfOverlaps(string shape) => Grows(shape, prefixes =>
        PrefixOverlaps<CountingKey<TKey>>.Count(Sorted(prefixes), Sorted(prefixes)));

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void Sweeping_CostsTheListsAndThePairs(string shape)
    {
        var left = Sorted(Make(shape, Count / 8));
        var right = Sorted(Make(shape, Count / 4));
        var pairs = 0L;
        var operations = Operations(() =>
        {
            for (var overlaps = new PrefixOverlaps<CountingKey<TKey>>(left, right); overlaps.MoveNext();)
            {
                pairs++;
            }
        });
        Console.WriteLine($"{operations} for {left.Count} + {right.Count} prefixes and {pairs} pairs");
        Assert.That(operations, Is.LessThan((8 * (left.Count + right.Count)) + pairs));
    }

    [TestCaseSource(typeof(PrefixShapes), nameof(PrefixShapes.All))]
    public void LookingUp_DoesNotGrow(string shape)
    {
        var (few, many) = (WorstLookup(shape, Count / 16), WorstLookup(shape, 2 * Count));
        Console.WriteLine($"{few} and {many} operations at worst");
        Assert.That(Math.Max(few, many), Is.LessThan(TKey.Width));
    }

    private static long WorstLookup(string shape, int count)
    {
        var prefixes = Sorted(Make(shape, count));
        Assert.That(prefixes.Runs.Bytes, Is.Positive);
        return Enumerable.Range(0, count).Max(i => Math.Max(
            Operations(() => prefixes.Runs.Find(prefixes.First(i))), Operations(() => prefixes.Runs.Find(prefixes.Last(i)))));
    }

    private static void Grows(string shape, Func<Cidr[], object> work)
    {
        var (once, twice) = (Make(shape, Count), Make(shape, 2 * Count));
        var (few, many) = (Operations(() => work(once)), Operations(() => work(twice)));
        Console.WriteLine($"{few} and {many} operations");
        Assert.That(many, Is.LessThan(Doubling * few));
    }

    private static long Operations(Action work) => CountingKey<TKey>.Count(work);

    private static long Operations(Func<object> work) => Operations(() => { work(); });

    private static long Operations(Func<int> work) => Operations(() => { work(); });

    private static Cidr[] Make(string shape, int count) => PrefixShapes.Make(shape, TKey.Width == 128, count, 7);

    private static PrefixList<CountingKey<TKey>> Sorted(Cidr[] prefixes) => new(
        [.. prefixes.Select(p => CountingKey<TKey>.From(p.FirstValue))], [.. prefixes.Select(p => (byte)p.PrefixLength)], out _);
}
