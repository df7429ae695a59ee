using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.Fixtures;

/// <summary>An address key that counts what an algorithm does with it, so that a test can see how the work grows.</summary>
/// <typeparam name="TKey">The key that does the work.</typeparam>
internal readonly struct CountingKey<TKey>(TKey key) : IAddressKey<CountingKey<TKey>>
    where TKey : unmanaged, IAddressKey<TKey>
{
    [ThreadStatic]
    private static long _operations;

    private readonly TKey _key = key;

    public static int Width => TKey.Width;

    public ulong Upper => Counted(_key).Upper;

    public ulong Lower => Counted(_key).Lower;

    /// <summary>How many operations <paramref name="work"/> does on keys, on this thread.</summary>
    public static long Count(Action work)
    {
        var before = _operations;
        work();
        return _operations - before;
    }

    public static CountingKey<TKey> From(UInt128 value) => new(TKey.From(value));

    public static bool operator <(CountingKey<TKey> left, CountingKey<TKey> right) => Counted(left._key) < right._key;

    public static bool operator >(CountingKey<TKey> left, CountingKey<TKey> right) => Counted(left._key) > right._key;

    public static bool operator <=(CountingKey<TKey> left, CountingKey<TKey> right) => Counted(left._key) <= right._key;

    public static bool operator >=(CountingKey<TKey> left, CountingKey<TKey> right) => Counted(left._key) >= right._key;

    public Cidr ToCidr(int length) => Counted(_key).ToCidr(length);

    public CountingKey<TKey> LastOf(int length) => new(Counted(_key).LastOf(length));

    public CountingKey<TKey> Next() => new(Counted(_key).Next());

    public ulong StepsFrom(CountingKey<TKey> origin, int shift) => Counted(_key).StepsFrom(origin._key, shift);

    public int DistanceBits(CountingKey<TKey> origin) => Counted(_key).DistanceBits(origin._key);

    private static TKey Counted(TKey key)
    {
        _operations++;
        return key;
    }
}
