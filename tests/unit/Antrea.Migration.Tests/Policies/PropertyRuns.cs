using System.Globalization;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>How many random policy sets are looked at, and which.</summary>
/// <remarks>
/// <para><c>ANTREA_MIGRATION_PROPERTY_RUNS</c> multiplies the number: 100 is a night's work. Each test prints the seed that its sets come from;
/// <c>ANTREA_MIGRATION_PROPERTY_SEED</c> makes the next run look at the same sets.</para>
/// <para>A set that fails is made smaller by CsCheck, which prints a seed of its own for what is left: <c>CsCheck_Seed</c> begins with that.</para>
/// </remarks>
internal static class PropertyRuns
{
    public static readonly int Factor =
        int.TryParse(Environment.GetEnvironmentVariable("ANTREA_MIGRATION_PROPERTY_RUNS"), CultureInfo.InvariantCulture, out var runs) ? runs : 1;

    private static readonly uint Seed =
        uint.TryParse(Environment.GetEnvironmentVariable("ANTREA_MIGRATION_PROPERTY_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed
            : (uint)Random.Shared.NextInt64(1, uint.MaxValue);

    /// <summary>Checks <paramref name="count"/> values times <see cref="Factor"/>, on two threads. The seed and the place of a value decide what it is.</summary>
    public static void Check<T>(this Gen<T> gen, int count, Action<T> check)
    {
        TestContext.Out.WriteLine($"ANTREA_MIGRATION_PROPERTY_SEED={Seed} repeats this run");
        Parallel.For(0, count * Factor, new ParallelOptions { MaxDegreeOfParallelism = 2 }, (i, loop) =>
        {
            var source = new PCG((uint)i, Seed);
            var start = source.ToString();
            try
            {
                check(gen.Generate(source, null, out _));
            }
            catch (Exception) when (!loop.IsStopped)
            {
                loop.Stop();
                gen.Sample(check, seed: start, iter: 100, threads: 1);
                throw;
            }
        });
    }
}
