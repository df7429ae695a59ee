using Antrea.Migration.Addressing;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>Networks as Calico's own code reads them.</summary>
/// <remarks>Source: Calico <c>libcalico-go/lib/net</c>: an address alone is a network of one, and bits behind the length are cleared.
/// The API server is stricter; stored objects need not have passed it.</remarks>
internal static class CalicoNet
{
    /// <summary>Reads a network or a single address; what this refuses, Felix skips.</summary>
    public static bool TryParse(string text, out Cidr net)
    {
        if (Cidr.TryParseMasked(text, out net, out _))
        {
            return true;
        }

        // Through the strict parser of prefixes: IPAddress takes "10.1", which Calico does not.
        var length = text.Contains(':', StringComparison.Ordinal) ? "/128" : "/32";
        return !text.Contains('/', StringComparison.Ordinal) && Cidr.TryParse(text + length, out net);
    }
}
