using System.Reflection;
using System.Text.RegularExpressions;
using PublicApiGenerator;

namespace Antrea.Migration.Tests.House;

/// <summary>The public surface is a text that a person has read. A change comes with the changed text in the same commit.</summary>
public class PublicApiTests
{
    private static readonly ApiGeneratorOptions Options = new()
    {
        IncludeAssemblyAttributes = false,

        // These name what the compiler made of a body, not what a caller sees.
        ExcludeAttributes =
        [
            "System.Runtime.CompilerServices.AsyncIteratorStateMachineAttribute",
            "System.Runtime.CompilerServices.EnumeratorCancellationAttribute",
        ],
    };

    [TestCase("Antrea.Migration")]
    [TestCase("Antrea.Migration.Kind")]
    public void The_public_surface_is_approved(string assembly) => Approval.Verify(
        Readable(Assembly.Load(assembly).GeneratePublicApi(Options)), assembly);

    /// <summary>Without the namespaces before type names, which hide what is there to read.</summary>
    private static string Readable(string surface) => string.Join(
        '\n',
        surface.ReplaceLineEndings("\n").Split('\n').Select(line => line.StartsWith("namespace ", StringComparison.Ordinal)
            ? line
            : Regex.Replace(line, @"\b(System|Antrea\.Migration)(\.\w+)*\.(?=\w)", "")));
}
