using System.Runtime.CompilerServices;

namespace Antrea.Migration.Tests.House;

/// <summary>What to do with a text that differs from the approved one, beside saying so.</summary>
internal enum ApprovalMode
{
    /// <summary>Nothing: the difference is the test's failure.</summary>
    Compare,

    /// <summary>As <see cref="Compare"/>, and the text is written beside the approved one as <c>.received.txt</c>.</summary>
    Keep,

    /// <summary>The text becomes the approved one.</summary>
    Approve,
}

/// <summary>Compares texts with those a person has read and approved: <c>Approved/Fixture.Case.approved.txt</c> in the test project.</summary>
/// <remarks>
/// ANTREA_MIGRATION_APPROVE=1 rewrites the approved texts, ANTREA_MIGRATION_RECEIVED=1 writes the other ones beside them. Scrub
/// what differs from run to run first (<see cref="Scrub"/>). Line ends and the last line's end do not count.
/// </remarks>
internal static class Approval
{
    /// <summary>Fails with a unified difference unless the text is the approved one.</summary>
    /// <param name="text">What the code under test wrote.</param>
    /// <param name="name">The case: the test method, unless a test has several.</param>
    /// <param name="file">The caller's file: names the fixture (less "Tests") and finds the project.</param>
    public static void Verify(string text, [CallerMemberName] string name = "", [CallerFilePath] string file = "")
    {
        if (Difference(text, PathOf(name, file), Mode()) is { } difference)
        {
            Assert.Fail(difference);
        }
    }

    /// <summary>Where the approved text of a case is.</summary>
    public static string PathOf(string name, string file)
    {
        var fixture = Path.GetFileNameWithoutExtension(file);
        fixture = fixture.EndsWith("Tests", StringComparison.Ordinal) ? fixture[..^"Tests".Length] : fixture;
        return Path.Combine(Repository.FolderAbove(file, "*.csproj"), "Approved", $"{fixture}.{name}.approved.txt");
    }

    /// <summary>What a person must read when a text is not the approved one; null when it is, or has become so.</summary>
    public static string? Difference(string text, string path, ApprovalMode mode)
    {
        var received = Normalize(text);
        var approved = File.Exists(path) ? Normalize(File.ReadAllText(path)) : null;
        var receivedPath = Path.ChangeExtension(Path.ChangeExtension(path, null), "received.txt");
        if (received == approved || mode == ApprovalMode.Approve)
        {
            if (received != approved)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, received);
            }

            File.Delete(receivedPath);
            return null;
        }

        if (mode == ApprovalMode.Keep)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(receivedPath, received);
        }

        var name = Path.GetFileName(path);
        return $"{(approved is null ? $"{name} does not exist yet." : $"The text is not the one in {name}.")} "
            + "Read the difference; ANTREA_MIGRATION_APPROVE=1 accepts it.\n"
            + TextDiff.Unified(approved ?? "", received, name, "this run");
    }

    private static ApprovalMode Mode() =>
        Environment.GetEnvironmentVariable("ANTREA_MIGRATION_APPROVE") == "1" ? ApprovalMode.Approve
        : Environment.GetEnvironmentVariable("ANTREA_MIGRATION_RECEIVED") == "1" ? ApprovalMode.Keep
        : ApprovalMode.Compare;

    private static string Normalize(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
}
