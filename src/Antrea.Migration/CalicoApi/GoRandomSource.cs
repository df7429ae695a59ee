namespace Antrea.Migration.CalicoApi;

/// <summary>The pseudo-random source of Go's <c>math/rand</c>, bit for bit: an additive lagged Fibonacci generator.</summary>
/// <remarks>
/// <para>y[n] = y[n − 607] + y[n − 273] modulo 2^64, seeded with a linear congruential generator (multiplier 48271,
/// modulus 2^31 − 1) whose words are mixed with a fixed "cooked" state. That state is itself the generator's state after
/// 7.8 · 10^12 steps from seed 1, which is computed here by jumping ahead: x^(7.8 · 10^12) modulo the characteristic
/// polynomial x^607 − x^334 − 1 over the integers modulo 2^64.</para>
/// <para>Source: the rule, not the code, of Go's <c>src/math/rand/rng.go</c> and <c>gen_cooked.go</c>. Not thread-safe.</para>
/// </remarks>
internal sealed class GoRandomSource
{
    private const int Length = 607;
    private const int Tap = 273;
    private const int Feed = Length - Tap;
    private const long SeedModulus = int.MaxValue;
    private const ulong CookedSteps = 7_800_000_000_000;

    private static readonly Lazy<ulong[]> Cooked = new(ComputeCookedState);

    private readonly ulong[] _words;
    private int _tap;
    private int _feed = Feed;

    /// <summary>A source as Go's <c>rand.NewSource(seed)</c> makes it.</summary>
    public GoRandomSource(long seed)
    {
        _words = SeedWords(seed, 40, 20);
        for (var i = 0; i < Length; i++)
        {
            _words[i] ^= Cooked.Value[i];
        }
    }

    /// <summary>The next word.</summary>
    public ulong NextUInt64()
    {
        _tap = (_tap + Length - 1) % Length;
        _feed = (_feed + Length - 1) % Length;
        return _words[_feed] += _words[_tap];
    }

    /// <summary>Go's <c>Uint32</c>: the upper bits of the lower 63.</summary>
    public uint NextUInt32() => (uint)((NextUInt64() & long.MaxValue) >> 31);

    /// <summary>A number below <paramref name="limit"/>, as <c>big.Int.Rand</c> draws it on a 64-bit machine: whole words,
    /// masked to the limit's length in bits, until one is below the limit.</summary>
    public ulong NextBelow(ulong limit)
    {
        ArgumentOutOfRangeException.ThrowIfZero(limit);
        var bits = 64 - (int)ulong.LeadingZeroCount(limit);
        var mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        while (true)
        {
            var low = NextUInt32();
            var word = (low | ((ulong)NextUInt32() << 32)) & mask;
            if (word < limit)
            {
                return word;
            }
        }
    }

    /// <summary>Fills the words from a seed: three draws a word, the first two shifted by the given numbers of bits.</summary>
    private static ulong[] SeedWords(long seed, int firstShift, int secondShift)
    {
        seed %= SeedModulus;
        seed = seed < 0 ? seed + SeedModulus : seed == 0 ? 89482311 : seed;
        ulong Draw() => (ulong)(seed = seed * 48271 % SeedModulus);
        for (var i = 0; i < 20; i++)
        {
            Draw();
        }

        var words = new ulong[Length];
        for (var i = 0; i < Length; i++)
        {
            words[i] = (Draw() << firstShift) ^ (Draw() << secondShift) ^ Draw();
        }

        return words;
    }

    private static ulong[] ComputeCookedState()
    {
        // The array is filled backwards from Feed - 1: step k writes place (Feed - 1 - k) mod Length. In order of time,
        // the seeded words are therefore y[0..606], y[k] at place (Feed - 1 - k) mod Length, and the state after n steps is y[n..n+606].
        var seeded = SeedWords(1, 20, 10);
        var sequence = new ulong[2 * Length];
        for (var k = 0; k < sequence.Length; k++)
        {
            sequence[k] = k < Length ? seeded[Place((ulong)k)] : sequence[k - Length] + sequence[k - Tap];
        }

        var jump = PowerOfX(CookedSteps);
        var cooked = new ulong[Length];
        for (var j = 0; j < Length; j++)
        {
            var word = 0UL;
            for (var i = 0; i < Length; i++)
            {
                word += jump[i] * sequence[i + j];
            }

            cooked[Place(CookedSteps + (ulong)j)] = word;
        }

        return cooked;

        static int Place(ulong k) => (int)((Feed - 1 + Length - (k % Length)) % Length);
    }

    /// <summary>The coefficients of x^<paramref name="exponent"/> modulo x^607 − x^334 − 1, the constant term first.</summary>
    private static ulong[] PowerOfX(ulong exponent)
    {
        var result = new ulong[(2 * Length) - 1];
        var square = new ulong[(2 * Length) - 1];
        result[0] = 1;
        for (var bit = 63 - (int)ulong.LeadingZeroCount(exponent); bit >= 0; bit--)
        {
            Array.Clear(square);
            for (var i = 0; i < Length; i++)
            {
                for (var j = 0; j < Length; j++)
                {
                    square[i + j] += result[i] * result[j];
                }
            }

            if ((exponent >> bit & 1) != 0)
            {
                // The square has degree 2·606 at most, so one more fits only after a reduction.
                Reduce(square);
                Array.Copy(square, 0, square, 1, Length);
                square[0] = 0;
            }

            Reduce(square);
            (result, square) = (square, result);
        }

        return result;
    }

    private static void Reduce(ulong[] polynomial)
    {
        for (var degree = polynomial.Length - 1; degree >= Length; degree--)
        {
            var coefficient = polynomial[degree];
            polynomial[degree] = 0;
            polynomial[degree - Length] += coefficient;
            polynomial[degree - Tap] += coefficient;
        }
    }
}
